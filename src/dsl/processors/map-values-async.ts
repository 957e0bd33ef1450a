import type { MaybePromise } from '../../core/maybe-promise.ts'
import type { Record } from '../../core/record.ts'
import type { ConcurrentCalls, ConcurrentCallsOptions } from '../../topology/concurrent-calls.ts'
import type { Processor, ProcessorContext } from '../../topology/processor.ts'
import type { AsyncMapper } from '../async-options.ts'

/** Gives each record another value, by calls that run beside each other. */
export class MapValuesAsyncProcessor<K, V, Out> implements Processor<K, V, K, Out> {
  private readonly mapper: AsyncMapper<K, V, Out>
  private readonly options: ConcurrentCallsOptions
  private calls!: ConcurrentCalls

  constructor(mapper: AsyncMapper<K, V, Out>, options: ConcurrentCallsOptions) {
    this.mapper = mapper
    this.options = options
  }

  init(context: ProcessorContext<K, Out>): void {
    this.calls = context.concurrentCalls(this.options)
  }

  process(record: Record<K, V>, context: ProcessorContext<K, Out>): MaybePromise<void> {
    const { topic, partition, offset } = context.recordMetadata ?? {}
    const { timestampMs, headers } = record
    const streamTimeMs = context.currentStreamTimeMs()
    const known = { timestampMs, headers, topic, partition, offset, streamTimeMs }
    return this.calls.start(
      record.key,
      (attempt) => this.mapper(record.value, record.key, { ...known, ...attempt }),
      (value) => context.forward(record.withValue(value)),
    )
  }
}
