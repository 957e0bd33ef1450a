import { systemClock } from '../core/clock.ts'
import { ConfigError } from '../core/errors.ts'
import { jsonText } from '../core/json-text.ts'
import type { Logger } from '../core/logger.ts'

const levels = ['debug', 'info', 'warn', 'error'] as const
type Level = (typeof levels)[number]

/** How a command writes its log. */
export interface LogOptions {
  /** The least that is written: `debug`, `info`, `warn` or `error`. */
  readonly level: string
  /** `text` for people, `json` for what collects logs: one object a line. */
  readonly format: string
}

/** A logger to standard error, with times. Throws `ConfigError` for a level or a format that is none. */
export function cliLogger({ level, format }: LogOptions): Logger {
  const least = levels.indexOf(level as Level)
  if (least < 0) throw new ConfigError(`--log-level is ${level}; expected ${levels.join(', ')}`)
  if (format !== 'text' && format !== 'json') {
    throw new ConfigError(`--log-format is ${format}; expected text or json`)
  }
  const write = (at: Level, message: string, facts?: object): void => {
    if (levels.indexOf(at) < least) return
    const time = new Date(systemClock.now()).toISOString()
    const line =
      format === 'json'
        ? jsonText({ time, level: at, message, ...facts })
        : `${time} ${at.toUpperCase().padEnd(5)} ${message}${shown(facts)}`
    process.stderr.write(`${line}\n`)
  }
  return {
    debug: (message, facts) => write('debug', message, facts),
    info: (message, facts) => write('info', message, facts),
    warn: (message, facts) => write('warn', message, facts),
    error: (message, facts) => write('error', message, facts),
  }
}

function shown(facts: object | undefined): string {
  return facts === undefined ? '' : ` ${jsonText(facts)}`
}
