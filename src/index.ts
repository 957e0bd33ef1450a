export type { Clock, Timer } from './core/clock.ts'
export {
  isStreamsError,
  StreamsError,
  TopologyError,
  type ErrorContext,
  type ErrorScope,
} from './core/errors.ts'
export { noHeaders, type Header, type Headers } from './core/headers.ts'
export type { Logger } from './core/logger.ts'
export type { MaybePromise } from './core/maybe-promise.ts'
export type { Random } from './core/random.ts'
export { Record } from './core/record.ts'
export type { TaskId } from './core/task-id.ts'
export type { TopicPartition } from './core/topic-partition.ts'
export type { CountWindowed } from './core/count-windowed.ts'
export type { SessionWindowed, Windowed, WindowedKey } from './core/windowed.ts'
export type {
  Cancellable,
  DropRule,
  Processor,
  ProcessorContext,
  ProcessorMetrics,
  ProcessorProgress,
  ProcessorSupplier,
  PunctuationType,
  Punctuator,
  RecordMetadata,
} from './topology/processor.ts'
export type {
  PendingTimer,
  FiredTimer,
  TimerHandler,
  TimerName,
  TimerRequest,
  Timers,
} from './topology/timers.ts'
export type { NodeRef, Parent } from './topology/node-ref.ts'
export { topic, type Topic } from './topology/topic.ts'
export { topics, type SourceTopics, type TopicPattern } from './topology/topic-pattern.ts'
export { Topology } from './topology/topology.ts'
export { topologyChanges } from './topology/compatibility.ts'
export type { DescribeFormat } from './topology/describe-plan.ts'
export { parseSnapshot } from './topology/parse-snapshot.ts'
export type { TopologyChange } from './topology/topology-change.ts'
export { snapshotFormat } from './topology/topology-snapshot.ts'
export type {
  GlobalStoreSnapshot,
  InternalTopicSnapshot,
  NodeSnapshot,
  StoreForm,
  StoreSnapshot,
  SubTopologySnapshot,
  TopologySnapshot,
} from './topology/topology-snapshot.ts'
export type {
  AnyStoreSpec,
  DynamicTopic,
  GlobalStoreOptions,
  ProcessorOptions,
  SinkOptions,
  SourceOptions,
} from './topology/topology-options.ts'
export {
  failOnInvalidTimestamp,
  logAndSkipOnInvalidTimestamp,
  usePartitionTimeOnInvalidTimestamp,
  wallclockTimestamp,
} from './topology/timestamp-extractors.ts'
export type {
  ExtractionContext,
  GlobalStorePlan,
  InternalTopic,
  LostOffsetPolicy,
  OffsetReset,
  ProcessorNode,
  SinkNode,
  SourceNode,
  StreamPartitioner,
  SubTopology,
  TimestampExtractor,
  TopologyNode,
  TopologyPlan,
} from './topology/topology-plan.ts'
export type { BuildOptions, OptimizationName } from './dsl/optimizer/optimizations.ts'
export type {
  Action,
  Aggregator,
  Initializer,
  Joiner,
  KeyValue,
  Mapper,
  Merger,
  Predicate,
  Reducer,
} from './dsl/callbacks.ts'
export type { AsyncMapper, AsyncRecordContext, MapValuesAsyncOptions } from './dsl/async-options.ts'
export type {
  CallAttempt,
  CallRetry,
  ConcurrentCalls,
  ConcurrentCallsOptions,
} from './topology/concurrent-calls.ts'
export { CountWindows } from './dsl/count-windows.ts'
export type { DedupRules } from './dsl/dedup-options.ts'
export { JoinWindows, type JoinWindowsOptions } from './dsl/join-windows.ts'
export type {
  ConsumedOptions,
  CountWindowedOptions,
  DerivedTableOptions,
  ForeignKeyJoinOptions,
  GlobalJoinOptions,
  GroupedOptions,
  IndexOptions,
  JoinedOptions,
  LateOptions,
  MaterializedOptions,
  NamedOptions,
  PrintOptions,
  ProcessOptions,
  ProducedOptions,
  RepartitionOptions,
  SerdeOptions,
  TableJoinOptions,
  TableOptions,
  TransformValuesOptions,
  WindowedOptions,
  WindowEmit,
  WindowedTableOptions,
} from './dsl/operator-options.ts'
export type { RecordContext } from './dsl/record-context.ts'
export type {
  StoreOption,
  StoreOptions,
  TableStoreOptions,
  WindowStoreOption,
} from './dsl/store-options.ts'
export type { JoinStoreOptions, StreamJoinedRules } from './dsl/stream-joined-options.ts'
export { historyOf } from './dsl/history-of.ts'
export { StreamsBuilder } from './dsl/streams-builder.ts'
export type {
  CogroupedKStream,
  SessionWindowedCogroupedKStream,
  TimeWindowedCogroupedKStream,
} from './dsl/k-cogrouped-stream.ts'
export type {
  CountWindowedKStream,
  KGroupedStream,
  SessionWindowedKStream,
  TimeWindowedKStream,
} from './dsl/k-grouped-stream.ts'
export type {
  Branched,
  BranchedKStream,
  DedupOptions,
  KStream,
  StreamJoinedOptions,
} from './dsl/k-stream.ts'
export type { GlobalKTable, KGroupedTable, KTable, KTableIndex, TableStore } from './dsl/k-table.ts'
export { SessionWindows } from './dsl/session-windows.ts'
export { SlidingWindows } from './dsl/sliding-windows.ts'
export type {
  StrictSuppressBuffer,
  SuppressBuffer,
  SuppressOptions,
  SuppressUntilTimeLimit,
  SuppressUntilWindowCloses,
} from './dsl/suppress-options.ts'
export type {
  TransformContext,
  ValueTransformer,
  ValueTransformerSupplier,
} from './dsl/value-transformer.ts'
export { TimeWindows } from './dsl/time-windows.ts'
export { UnlimitedWindows } from './dsl/unlimited-windows.ts'
export type {
  KeepsKeys,
  KeysDoNotFit,
  NeedsSerde,
  SameType,
  Takes,
  ValuesDoNotFit,
} from './dsl/type-checks.ts'
export type { StoreOf } from './topology/topology-options.ts'
export { createTopics } from './create-topics.ts'
export type { BrokerConnector, BrokerEnvironment } from './broker/connector.ts'
export type { Compression, NewTopic, WaitOptions } from './broker/port.ts'
export { TopicProducer, type ProducedRecord, type TopicProducerOptions } from './topic-producer.ts'
export type { IndexRef, TableIndex } from './state/table-index.ts'
export { KafkaStreams } from './kafka-streams.ts'
export type { ViewOf } from './query/view-of.ts'
export type {
  ErrorHandlersConfig,
  HttpConfig,
  KafkaStreamsConfig,
  KafkaStreamsSettings,
  RocksDbConfig,
  SchemaRegistryConfig,
} from './kafka-streams-config.ts'
export { defineConfig, type MillraceConfig } from './define-config.ts'
export { consoleLogger } from './console-logger.ts'
export { deadLetterHeaders } from './runtime/dead-letter-headers.ts'
export {
  DeadLetterQueue,
  type DeadLetterQueueOptions,
  type ListedDeadLetter,
} from './dead-letter-queue.ts'
export type { DeadLetter, DeadLetterOrigin, HeldBackPlace } from './dead-letters/dead-letter.ts'
export type { DeadLetterFilter } from './dead-letters/dead-letter-filter.ts'
export type {
  DropOptions,
  DropReport,
  RedriveOptions,
  RedriveOutcome,
  RedriveReport,
} from './dead-letters/redrive-options.ts'
export {
  deadLetter,
  logAndContinue,
  logAndFail,
  retrying,
  type DeadRecord,
  type ErrorHandler,
  type ErrorHandlers,
  type ErrorResponse,
  type FailedRecord,
  type FailureStage,
  type RetryingOptions,
  type RetryResponse,
} from './runtime/error-handlers.ts'
export type { RetryBackoff } from './runtime/retry-backoff.ts'
export type {
  PartitionProgress,
  BrokerStatus,
  StandbyStatus,
  StandbyStoreStatus,
  TaskStatus,
  HeldBackStatus,
  ThreadStatus,
  WorkerState,
  WorkerStatus,
} from './runtime/worker-status.ts'
export type { WorkerStateListener } from './runtime/worker-lifecycle.ts'
export type {
  FailedThread,
  UncaughtExceptionHandler,
  UncaughtExceptionResponse,
} from './threads/thread-failures.ts'
