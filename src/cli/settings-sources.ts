import { ConfigError } from '../core/errors.ts'
import { nearestName } from '../core/nearest-name.ts'
import type { MillraceConfig } from '../define-config.ts'

/** Settings that are plain text in the environment or on the command line. */
export interface TextSettings {
  readonly [name: string]: string | undefined
}

interface Setting {
  /** The environment variable; the flag is the setting's name in kebab case. */
  readonly variable: string
  readonly read: (text: string, variable: string) => Partial<MillraceConfig>
}

const text = (key: keyof MillraceConfig) => (value: string) => ({ [key]: value })

function number(key: keyof MillraceConfig): Setting['read'] {
  return (value, variable) => ({ [key]: wholeNumber(value, variable) })
}

/** The settings that the environment and flags may give. `brokers` is read by the command, which opens them. */
export const settings: Readonly<globalThis.Record<string, Setting>> = {
  applicationId: { variable: 'MILLRACE_APPLICATION_ID', read: text('applicationId') },
  threads: { variable: 'MILLRACE_THREADS', read: number('threads') },
  stateDir: { variable: 'MILLRACE_STATE_DIR', read: text('stateDir') },
  processingGuarantee: {
    variable: 'MILLRACE_PROCESSING_GUARANTEE',
    read: text('processingGuarantee'),
  },
  commitIntervalMs: { variable: 'MILLRACE_COMMIT_INTERVAL_MS', read: number('commitIntervalMs') },
  sessionTimeoutMs: { variable: 'MILLRACE_SESSION_TIMEOUT_MS', read: number('sessionTimeoutMs') },
  maxPollIntervalMs: {
    variable: 'MILLRACE_MAX_POLL_INTERVAL_MS',
    read: number('maxPollIntervalMs'),
  },
  groupInstanceId: { variable: 'MILLRACE_GROUP_INSTANCE_ID', read: text('groupInstanceId') },
  maxTaskIdleMs: { variable: 'MILLRACE_MAX_TASK_IDLE_MS', read: number('maxTaskIdleMs') },
  numStandbyReplicas: {
    variable: 'MILLRACE_NUM_STANDBY_REPLICAS',
    read: number('numStandbyReplicas'),
  },
  onLostOffset: { variable: 'MILLRACE_ON_LOST_OFFSET', read: text('onLostOffset') },
  metadataMaxAgeMs: { variable: 'MILLRACE_METADATA_MAX_AGE_MS', read: number('metadataMaxAgeMs') },
  replicationFactor: { variable: 'MILLRACE_REPLICATION_FACTOR', read: number('replicationFactor') },
  deadLetterTopic: { variable: 'MILLRACE_DEAD_LETTER_TOPIC', read: text('deadLetterTopic') },
  holdBackLaterRecords: {
    variable: 'MILLRACE_HOLD_BACK_LATER_RECORDS',
    read: (value, variable) => ({ holdBackLaterRecords: trueOrFalse(value, variable) }),
  },
  maxHeldBackRecords: {
    variable: 'MILLRACE_MAX_HELD_BACK_RECORDS',
    read: number('maxHeldBackRecords'),
  },
  onHeldBackLimit: { variable: 'MILLRACE_ON_HELD_BACK_LIMIT', read: text('onHeldBackLimit') },
  requireExplicitNames: {
    variable: 'MILLRACE_REQUIRE_EXPLICIT_NAMES',
    read: (value, variable) => ({ requireExplicitNames: trueOrFalse(value, variable) }),
  },
  onCorruptState: { variable: 'MILLRACE_ON_CORRUPT_STATE', read: text('onCorruptState') },
  schemaRegistry: {
    variable: 'MILLRACE_SCHEMA_REGISTRY_URL',
    read: (url) => ({ schemaRegistry: { url } }),
  },
  rocksdbBinding: {
    variable: 'MILLRACE_ROCKSDB_BINDING',
    // The value is checked with the rest of the configuration.
    read: (binding) => ({ rocksdb: { binding: binding as 'auto' } }),
  },
  http: {
    variable: 'MILLRACE_HTTP',
    read: (value, variable) => ({ http: httpAddress(value, variable) }),
  },
}

/** The environment variable that names the brokers, separated by commas. */
export const brokersVariable = 'MILLRACE_BROKERS'

/**
 * The settings that the environment gives.
 *
 * @throws ConfigError for a variable whose value cannot be read, or that begins with `MILLRACE_` and is no setting
 */
export function settingsFromEnvironment(environment: TextSettings): Partial<MillraceConfig> {
  const byVariable = new Map(Object.values(settings).map((each) => [each.variable, each]))
  let found: Partial<MillraceConfig> = {}
  for (const [variable, value] of Object.entries(environment)) {
    if (value === undefined || value === '' || variable === brokersVariable) continue
    const setting = byVariable.get(variable)
    if (setting) found = { ...found, ...setting.read(value, variable) }
    else if (variable.startsWith('MILLRACE_')) throw unknownVariable(variable, byVariable.keys())
  }
  return found
}

/** The settings that flags give, by setting name. */
export function settingsFromFlags(flags: TextSettings): Partial<MillraceConfig> {
  let found: Partial<MillraceConfig> = {}
  for (const [name, setting] of Object.entries(settings)) {
    const value = flags[name]
    if (value !== undefined) found = { ...found, ...setting.read(value, `--${kebab(name)}`) }
  }
  return found
}

/** `stateDir` as `state-dir`. */
export function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

function unknownVariable(variable: string, known: Iterable<string>): ConfigError {
  const names = [...known, brokersVariable]
  const nearest = nearestName(variable, names)
  const hint = nearest ? `did you mean ${nearest}?` : `there are ${names.join(', ')}`
  return new ConfigError(`the environment variable ${variable} is no setting; ${hint}`)
}

function wholeNumber(value: string, variable: string): number {
  if (/^\d+$/.test(value)) return Number(value)
  throw new ConfigError(`${variable} is ${JSON.stringify(value)}; expected a whole number`)
}

function trueOrFalse(value: string, variable: string): boolean {
  if (value === 'true' || value === 'false') return value === 'true'
  throw new ConfigError(`${variable} is ${JSON.stringify(value)}; expected true or false`)
}

/** Reads `9464` or `0.0.0.0:9464`. Throws `ConfigError` naming where it was written. */
export function httpAddress(value: string, variable: string): { port: number; host?: string } {
  const match = /^(?:(.+):)?(\d+)$/.exec(value)
  if (!match) {
    throw new ConfigError(`${variable} is ${JSON.stringify(value)}; expected PORT or HOST:PORT`)
  }
  const port = Number(match[2])
  return match[1] === undefined ? { port } : { port, host: match[1] }
}
