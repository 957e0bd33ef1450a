import { z } from 'zod'
import { checkThreads } from './check-threads.ts'
import { ConfigError } from './core/errors.ts'
import { nearestName } from './core/nearest-name.ts'
import type { KafkaStreamsConfig } from './kafka-streams-config.ts'

const milliseconds = z.number().int().min(0)
const bytes = z.number().int().min(1)
const someObject = (what: string, method: string): z.ZodType =>
  z.custom(
    (value) => typeof (value as globalThis.Record<string, unknown> | null)?.[method] === 'function',
    `expected ${what}`,
  )
const extractor = z.custom((value) => typeof value === 'function', 'expected a timestamp extractor')
const handler = z.custom((value) => typeof value === 'function', 'expected an error handler')

const schema = z.strictObject({
  applicationId: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,200}$/, 'expected letters, digits, ".", "_" and "-", at most 200'),
  topology: someObject('a topology, as StreamsBuilder.build() gives it', 'plan'),
  broker: someObject('a broker, such as kafkajs({ brokers: [...] })', 'open'),
  schemaRegistry: z
    .union([
      someObject('a schema registry', 'schemaById'),
      z.strictObject({
        url: z.url(),
        username: z.string().optional(),
        password: z.string().optional(),
        token: z.string().optional(),
        timeoutMs: milliseconds.optional(),
      }),
    ])
    .optional(),
  autoRegisterSchemas: z.boolean().optional(),
  stateDir: z.string().min(1).optional(),
  rocksdb: z
    .strictObject({
      binding: z.enum(['auto', 'rocksdb', 'rocksdb-native']).optional(),
      cacheBytes: bytes.optional(),
      readCacheBytes: bytes.optional(),
      writeBufferBytes: bytes.optional(),
      memoryBytes: bytes.optional(),
    })
    .optional(),
  processingGuarantee: z.enum(['exactly_once', 'at_least_once']).optional(),
  commitIntervalMs: milliseconds.optional(),
  sessionTimeoutMs: milliseconds.min(1).optional(),
  heartbeatIntervalMs: milliseconds.min(1).optional(),
  rebalanceTimeoutMs: milliseconds.min(1).optional(),
  maxPollIntervalMs: milliseconds.min(1).optional(),
  groupInstanceId: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,200}$/, 'expected letters, digits, ".", "_" and "-", at most 200')
    .optional(),
  transactionTimeoutMs: milliseconds.min(1).optional(),
  retryBackoffMs: milliseconds.min(1).optional(),
  autoCreateTopics: z.boolean().optional(),
  maxTaskIdleMs: z.number().int().min(-1).optional(),
  maxUncommittedBytes: bytes.optional(),
  maxBufferedBytes: bytes.optional(),
  inputBufferMaxBytes: bytes.min(1).optional(),
  producerBufferBytes: bytes.min(1).optional(),
  compression: z.enum(['none', 'gzip', 'snappy', 'lz4', 'zstd']).optional(),
  offsetReset: z.enum(['earliest', 'latest']).optional(),
  onLostOffset: z.enum(['fail', 'earliest', 'latest']).optional(),
  metadataMaxAgeMs: milliseconds.min(1).optional(),
  replicationFactor: z.number().int().min(1).max(32_767).optional(),
  deadLetterTopic: z.string().min(1).max(249).optional(),
  holdBackLaterRecords: z.boolean().optional(),
  maxHeldBackRecords: z.number().int().min(1).optional(),
  onHeldBackLimit: z.enum(['fail', 'let-go']).optional(),
  requireExplicitNames: z.boolean().optional(),
  numStandbyReplicas: z.number().int().min(0).optional(),
  acceptableRecoveryLag: z.number().int().min(0).optional(),
  maxWarmupReplicas: z.number().int().min(1).optional(),
  probingRebalanceIntervalMs: milliseconds.min(1).optional(),
  onCorruptState: z.enum(['fail', 'restore']).optional(),
  http: z
    .strictObject({ port: z.number().int().min(0).max(65_535), host: z.string().optional() })
    .optional(),
  errors: z
    .strictObject({
      deserialization: handler.optional(),
      processing: handler.optional(),
      production: handler.optional(),
    })
    .optional(),
  defaultTimestampExtractor: extractor.optional(),
  threads: z.number().int().min(1).max(1_024).optional(),
  maxThreadReplacements: z.number().int().min(0).optional(),
  module: z.union([z.string().min(1), z.instanceof(URL)]).optional(),
  uncaughtExceptionHandler: z
    .custom((value) => typeof value === 'function', 'expected a handler of uncaught exceptions')
    .optional(),
  logger: someObject('a logger with debug, info, warn and error', 'warn').optional(),
})

/** The keys that a configuration may have. */
const configKeys: readonly string[] = Object.keys(schema.shape)

/**
 * Checks a configuration whole before anything is opened.
 *
 * @throws ConfigError naming each key that is wrong, what it should be, and for an unknown key the nearest known one
 */
export function checkConfig(config: KafkaStreamsConfig): void {
  const result = schema.safeParse(config)
  if (result.success) {
    checkTimeouts(config)
    checkThreads(config)
    return
  }
  const faults = result.error.issues.flatMap(describeIssue)
  throw new ConfigError(`the configuration cannot be used: ${faults.join('; ')}`, {
    field: result.error.issues[0]?.path.join('.') || undefined,
  })
}

function describeIssue(issue: z.core.$ZodIssue): string[] {
  const place = issue.path.join('.')
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const nearest = place === '' ? nearestName(key, configKeys) : undefined
      const hint = nearest ? `; did you mean ${nearest}?` : ''
      return `${place === '' ? key : `${place}.${key}`} is no setting${hint}`
    })
  }
  return [`${place || 'the configuration'}: ${issue.message}`]
}

function checkTimeouts(config: KafkaStreamsConfig): void {
  const { heartbeatIntervalMs = 3_000, sessionTimeoutMs = 45_000 } = config
  if (heartbeatIntervalMs * 2 <= sessionTimeoutMs) return
  throw new ConfigError(
    `heartbeatIntervalMs (${heartbeatIntervalMs}) must be at most half of sessionTimeoutMs ` +
      `(${sessionTimeoutMs}), or one late heartbeat costs the worker its tasks`,
    { field: 'heartbeatIntervalMs' },
  )
}
