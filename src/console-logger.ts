import { jsonText } from './core/json-text.ts'
import type { Logger } from './core/logger.ts'

/** Warnings and errors to standard error, one line each, with their facts as JSON. */
export const consoleLogger: Logger = {
  debug() {},
  info() {},
  warn: (message, facts) => write('WARN', message, facts),
  error: (message, facts) => write('ERROR', message, facts),
}

function write(level: string, message: string, facts: object | undefined): void {
  const shown = facts === undefined ? '' : ` ${jsonText(facts)}`
  process.stderr.write(`${level} ${message}${shown}\n`)
}
