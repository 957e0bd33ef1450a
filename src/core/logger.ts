/**
 * Where Millrace writes what an operator should know. `console` and pino both fit.
 *
 * The second argument holds the facts of the message by name (task, topic, partition, offset).
 */
export interface Logger {
  debug(message: string, facts?: object): void
  info(message: string, facts?: object): void
  warn(message: string, facts?: object): void
  error(message: string, facts?: object): void
}

/** Drops every message. */
export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
}
