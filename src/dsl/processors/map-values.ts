import { isPromise, type MaybePromise } from '../../core/maybe-promise.ts'
import type { Record } from '../../core/record.ts'
import type { Processor, ProcessorContext } from '../../topology/processor.ts'
import type { Mapper } from '../callbacks.ts'
import { CurrentRecord } from '../record-context.ts'

/** Gives each record another value. Source: Java's `KStreamMapValues`. */
export class MapValuesProcessor<K, V, Out> implements Processor<K, V, K, Out> {
  private readonly mapper: Mapper<K, V, Out>
  private readonly current = new CurrentRecord()

  constructor(mapper: Mapper<K, V, Out>) {
    this.mapper = mapper
  }

  process(record: Record<K, V>, context: ProcessorContext<K, Out>): MaybePromise<void> {
    const value = this.mapper(record.value, record.key, this.current.at(record, context))
    if (isPromise(value)) return this.later(value, record, context)
    return context.forward(record.withValue(value))
  }

  private async later(
    value: Promise<Out>,
    record: Record<K, V>,
    context: ProcessorContext<K, Out>,
  ): Promise<void> {
    await context.forward(record.withValue(await value))
  }
}
