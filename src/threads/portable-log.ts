import { inspect } from 'node:util'
import type { Logger } from '../core/logger.ts'
import { errorMessage, errorOf, type ErrorMessage } from './error-message.ts'

export type LogLevel = keyof Logger

/** The facts of a log message as data: errors apart, since cloning would lose what they are. */
export interface PortableFacts {
  readonly plain: globalThis.Record<string, unknown>
  readonly errors: globalThis.Record<string, ErrorMessage>
}

/** Makes data of the facts of a log message; what cannot be copied becomes text. */
export function portableFacts(facts: object | undefined): PortableFacts | undefined {
  if (facts === undefined) return undefined
  if (facts instanceof Error) return { plain: {}, errors: { error: errorMessage(facts) } }
  const plain: globalThis.Record<string, unknown> = {}
  const errors: globalThis.Record<string, ErrorMessage> = {}
  for (const [name, value] of Object.entries(facts)) {
    if (value instanceof Error) errors[name] = errorMessage(value)
    else plain[name] = copyOf(value)
  }
  return { plain, errors }
}

/** The facts that {@link portableFacts} made data of. */
export function factsOf(portable: PortableFacts | undefined): object {
  const facts = { ...portable?.plain }
  for (const [name, error] of Object.entries(portable?.errors ?? {})) facts[name] = errorOf(error)
  return facts
}

/** A logger whose messages are sent elsewhere. */
export function sendingLogger(
  send: (level: LogLevel, message: string, facts: PortableFacts | undefined) => void,
): Logger {
  const at = (level: LogLevel) => (message: string, facts?: object) =>
    send(level, message, portableFacts(facts))
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

function copyOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) {
    return typeof value === 'function' || typeof value === 'symbol' ? String(value) : value
  }
  try {
    return structuredClone(value)
  } catch {
    return inspect(value)
  }
}
