import type { Logger } from './core/logger.ts'

/** Warnings and errors to standard error, one line each, with their facts as JSON. */
export const consoleLogger: Logger = {
  debug() {},
  info() {},
  warn: (message, facts) => write('WARN', message, facts),
  error: (message, facts) => write('ERROR', message, facts),
}

function write(level: string, message: string, facts: object | undefined): void {
  const shown = facts === undefined ? '' : ` ${JSON.stringify(facts, plain)}`
  process.stderr.write(`${level} ${message}${shown}\n`)
}

/** An error as its message: JSON would show it as an empty object. */
function plain(_name: string, value: unknown): unknown {
  if (value instanceof Error) return value.message
  return typeof value === 'bigint' ? value.toString() : value
}
