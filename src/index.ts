export { isStreamsError, StreamsError, TopologyError } from './core/errors.ts'
export { noHeaders, type Header, type Headers } from './core/headers.ts'
export type { Logger } from './core/logger.ts'
export type { MaybePromise } from './core/maybe-promise.ts'
export { Record } from './core/record.ts'
export type { TaskId } from './core/task-id.ts'
export type { TopicPartition } from './core/topic-partition.ts'
export type { Windowed } from './core/windowed.ts'
export type {
  Cancellable,
  Processor,
  ProcessorContext,
  ProcessorSupplier,
  PunctuationType,
  Punctuator,
  RecordMetadata,
} from './topology/processor.ts'
export type { NodeRef, Parent } from './topology/node-ref.ts'
export { topic, type Topic } from './topology/topic.ts'
export { Topology } from './topology/topology.ts'
export type {
  AnyStoreSpec,
  DynamicTopic,
  GlobalStoreOptions,
  ProcessorOptions,
  SinkOptions,
  SourceOptions,
} from './topology/topology-options.ts'
export type {
  OffsetReset,
  StreamPartitioner,
  TimestampExtractor,
  TopologyPlan,
} from './topology/topology-plan.ts'
