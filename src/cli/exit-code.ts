import { CommanderError } from 'commander'
import { ConfigError, isStreamsError, TopologyError } from '../core/errors.ts'

/** What the process ends with. */
export const exitCodes = {
  /** Done, or stopped when it was asked to. */
  ok: 0,
  /** It failed while it ran, or a check found something. */
  failed: 1,
  /** The command line, the configuration or the topology cannot be used; nothing was begun. */
  usage: 2,
} as const

/** The exit code that belongs to what a command threw. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage
  const isUsage = error instanceof ConfigError || error instanceof TopologyError
  return isUsage ? exitCodes.usage : exitCodes.failed
}

/** An error as a person at a terminal needs it: the message, the code, and what it came of. */
export function describeError(error: unknown, verbose: boolean): string {
  if (!(error instanceof Error)) return `error: ${String(error)}`
  if (verbose && error.stack) return error.stack
  const code = isStreamsError(error) ? ` (${error.code})` : ''
  const lines = [`error: ${error.message}${code}`]
  for (let cause = error.cause; cause instanceof Error; cause = cause.cause) {
    if (!lines.some((line) => line.includes((cause as Error).message))) {
      lines.push(`  because: ${cause.message}`)
    }
  }
  return lines.join('\n')
}
