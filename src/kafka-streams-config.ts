import type { BrokerConnector } from './broker/connector.ts'
import type { Compression } from './broker/port.ts'
import type { Logger } from './core/logger.ts'
import type { ErrorHandler } from './runtime/error-handlers.ts'
import type { SchemaRegistry } from './serdes/schema-registry.ts'
import type { LostOffsetPolicy, TimestampExtractor } from './topology/topology-plan.ts'
import type { UncaughtExceptionHandler } from './threads/thread-failures.ts'
import type { Topology } from './topology/topology.ts'

/** Where the worker's HTTP face listens. */
export interface HttpConfig {
  /** 0 takes any free port. */
  readonly port: number
  /** Default: `127.0.0.1`. In a container `0.0.0.0`. */
  readonly host?: string
}

/** A schema registry that is reached over HTTP. */
export interface SchemaRegistryConfig {
  /** Such as `http://localhost:8081`; with a path where the registry's Confluent API has one. */
  readonly url: string
  readonly username?: string
  readonly password?: string
  /** A bearer token, in the place of user name and password. */
  readonly token?: string
  /** How long one request may take, in milliseconds. Default: 10,000. */
  readonly timeoutMs?: number
}

/** How state folders are kept. */
export interface RocksDbConfig {
  /** Which binding opens them. Default: `auto`: the first that works in a probe. */
  readonly binding?: 'auto' | 'rocksdb' | 'rocksdb-native'
  /** Bytes of memory for blocks read from disk, per task. Default: 32 MiB. */
  readonly cacheBytes?: number
  /** Bytes of memory for committed entries that are read again, per task. Default: 48 MiB. */
  readonly readCacheBytes?: number
  /** Bytes of RocksDB's write buffer per task; RocksDB may use twice as much. Default: 16 MiB. */
  readonly writeBufferBytes?: number
  /**
   * Bytes for the three above over all tasks of the application, any of which a worker may come to have: each task gets
   * the same part, and less than it would have without this where the part is smaller. Default: no such bound.
   */
  readonly memoryBytes?: number
}

/** What decides about records that fail. Each default: `deadLetter`. */
export interface ErrorHandlersConfig {
  readonly deserialization?: ErrorHandler
  readonly processing?: ErrorHandler
  readonly production?: ErrorHandler
}

/** Everything about how a topology runs that is plain data; what a file, the environment or a flag may set. */
export interface KafkaStreamsSettings {
  /**
   * Names the application: the consumer group, the prefix of its internal topics, the folder of its state. Letters,
   * digits, `.`, `_` and `-`. Source: Kafka Streams' `application.id`.
   */
  readonly applicationId: string
  readonly schemaRegistry?: SchemaRegistry | SchemaRegistryConfig
  /**
   * Whether schemas that a subject does not have are registered at start; else such a schema is an error. Default: true.
   */
  readonly autoRegisterSchemas?: boolean
  /**
   * The folder under which each application keeps its state, one worker a folder. Left out, state is kept in memory and
   * restored from the changelog topics at every start.
   */
  readonly stateDir?: string
  readonly rocksdb?: RocksDbConfig
  /**
   * `exactly_once`: outputs, state and offsets change together or not at all. `at_least_once`: after a crash some
   * records may be processed again. Default: `exactly_once`.
   */
  readonly processingGuarantee?: 'exactly_once' | 'at_least_once'
  /** Milliseconds between commits. Default: 100 under `exactly_once`, 1,000 under `at_least_once`. */
  readonly commitIntervalMs?: number
  /** A worker that says nothing for so long loses its tasks. Milliseconds. Default: 45,000. */
  readonly sessionTimeoutMs?: number
  /** Milliseconds between signs of life. Default: 3,000. */
  readonly heartbeatIntervalMs?: number
  /** How long a rebalance waits for each worker to finish what it has in hand. Milliseconds. Default: 60,000. */
  readonly rebalanceTimeoutMs?: number
  /**
   * How long user code may keep the worker from going on, before it gives its tasks to the others. It takes part again
   * when the code comes back. Milliseconds. Default: 300,000. Source: Kafka's `max.poll.interval.ms`.
   */
  readonly maxPollIntervalMs?: number
  /**
   * Names this worker among those of the application, so that it gets its tasks back, and nothing moves, when it is
   * started again within `sessionTimeoutMs`. Letters, digits, `.`, `_` and `-`. Default: none; a worker that ends leaves
   * the group. Source: Kafka's `group.instance.id`, KIP-345.
   */
  readonly groupInstanceId?: string
  /**
   * The broker aborts a transaction that has been open for so long, as after a crash. Until then who reads its topics
   * waits. Milliseconds. Default: 10,000. Source: Kafka's `transaction.timeout.ms`.
   */
  readonly transactionTimeoutMs?: number
  /** The first wait before a worker begins anew after a failure; doubled each time, up to 10 s. Default: 100. */
  readonly retryBackoffMs?: number
  /**
   * How long a task waits for records of an empty partition, to process by timestamp, in milliseconds. 0: only for
   * records that the broker has already; −1: not at all. Default: 0. Source: `max.task.idle.ms`, KIP-695.
   */
  readonly maxTaskIdleMs?: number
  /**
   * How many copies of each task's state are kept up to date on other workers, each in a process of its own, to take
   * over at once when a worker is gone. Default: 0. Source: `num.standby.replicas`.
   */
  readonly numStandbyReplicas?: number
  /**
   * How many changelog records a copy of a task's state may lack for the task to move to it at once; a task moves to a
   * worker that lacks more only after that one has warmed up a copy. Default: 10,000. Source: `acceptable.recovery.lag`,
   * KIP-441.
   */
  readonly acceptableRecoveryLag?: number
  /**
   * How many copies beyond the standbys may be warmed up at a time over the whole application. At least 1. Default: 2.
   * Source: `max.warmup.replicas`.
   */
  readonly maxWarmupReplicas?: number
  /**
   * After how many milliseconds it is looked whether copies that warm up are near enough for their tasks to move.
   * Default: 600,000. Source: `probing.rebalance.interval.ms`.
   */
  readonly probingRebalanceIntervalMs?: number
  /** Bytes of uncommitted writes over all tasks that bring a commit forward. Default: 64 MiB. */
  readonly maxUncommittedBytes?: number
  /** Bytes of fetched records that may wait per partition. Default: 4 MiB. */
  readonly maxBufferedBytes?: number
  /**
   * Bytes of fetched records that may wait over all partitions of the worker; above it only partitions are read of which
   * nothing waits. Up to twice as much may be held for a moment, with what is being fetched. Default: 64 MiB. Source:
   * `input.buffer.max.bytes`, KIP-770.
   */
  readonly inputBufferMaxBytes?: number
  /**
   * Bytes of written records that may wait for the broker to acknowledge them; above it nothing more is read or
   * processed. Default: 32 MiB. Source: Kafka's `buffer.memory`.
   */
  readonly producerBufferBytes?: number
  /**
   * Of what the worker writes: outputs, repartition and changelog topics. snappy, lz4 and, on Node 20, zstd need the
   * optional dependencies of the package. Default: `none`. Source: Kafka's `compression.type`.
   */
  readonly compression?: Compression
  /** Where reading begins when nothing is committed yet. Default: `earliest`. */
  readonly offsetReset?: 'earliest' | 'latest'
  /**
   * What happens when the offset that is next is no longer on the broker, because retention removed it or the topic was
   * made anew. `fail`: the worker stops with an error that says what is gone; `earliest`, `latest`: it goes on there, with
   * a warning and a count of what was passed over. Sources may say their own; repartition topics always fail. Default:
   * `fail`.
   */
  readonly onLostOffset?: LostOffsetPolicy
  /**
   * Milliseconds between looks at the broker for input topics that appeared, vanished or were given more partitions; where
   * there are such, the tasks are assigned anew. Default: 300,000. Source: Kafka's `metadata.max.age.ms`.
   */
  readonly metadataMaxAgeMs?: number
  /** False: internal topics and the dead-letter topic must exist, made as the error names them. Default: true. */
  readonly autoCreateTopics?: boolean
  /** Of the topics that Millrace creates. Default: the broker's own. */
  readonly replicationFactor?: number
  /** Default: `<applicationId>-dead-letters`. */
  readonly deadLetterTopic?: string
  /**
   * Whether records of the same key and input partition that come after a dead letter are held back, as dead letters
   * themselves, until that one was redriven successfully or dropped. The same for all workers of the application. Default:
   * false; they are processed.
   */
  readonly holdBackLaterRecords?: boolean
  /**
   * How many records may be held back in a task, with the dead letters that they wait for; each takes some hundred bytes of
   * memory. Default: 100,000.
   */
  readonly maxHeldBackRecords?: number
  /**
   * What happens where there would be more. `fail`: the worker stops with `MILLRACE_HELD_BACK_LIMIT`; `let-go`: the record
   * is a dead letter, but nothing more waits for it. Default: `fail`.
   */
  readonly onHeldBackLimit?: 'fail' | 'let-go'
  /**
   * Whether stores and repartition topics must have names of the user's: a generated one changes when an operator is
   * added before it. Where it is false, there is a warning. Default: true. Source: KIP-1111, where it is false.
   */
  readonly requireExplicitNames?: boolean
  /** What to do with a state folder that cannot be opened. Default: `fail`. */
  readonly onCorruptState?: 'fail' | 'restore'
  /**
   * How many threads of this process run tasks, each a worker of its own in the group. More than one needs `module`.
   * Default: 1, which is the thread that starts the application. Source: Kafka Streams' `num.stream.threads`.
   */
  readonly threads?: number
  /**
   * How many threads that ended with an error may be replaced in ten minutes, where `uncaughtExceptionHandler` says so;
   * the next one stops the process's threads. Default: 5.
   */
  readonly maxThreadReplacements?: number
  /** `/metrics`, `/livez`, `/readyz`, `/views`. Default: no HTTP. */
  readonly http?: HttpConfig
}

/** What a {@link KafkaStreams} is made of. */
export interface KafkaStreamsConfig extends KafkaStreamsSettings {
  readonly topology: Topology
  readonly broker: BrokerConnector
  readonly errors?: ErrorHandlersConfig
  /**
   * Takes the event time of records whose source has no extractor of its own. Default: the record's own timestamp; a
   * record with a negative one is dropped, counted and logged. Source: `default.timestamp.extractor`.
   */
  readonly defaultTimestampExtractor?: TimestampExtractor
  /**
   * The module that each of several `threads` loads, since functions cannot be sent to a thread: its default export, or the
   * one named `config`, is this configuration, or a function that gives it. In the file of the configuration itself: `import.meta.url`. The command
   * line needs none.
   */
  readonly module?: string | URL
  /**
   * What becomes of the process when one of several `threads` has ended with an error. Default: all of them stop, and
   * `closed` rejects.
   */
  readonly uncaughtExceptionHandler?: UncaughtExceptionHandler
  /** Default: warnings and errors to the console. Messages of threads come with the thread's name. */
  readonly logger?: Logger
}
