import { isPromise, type MaybePromise } from '../../core/maybe-promise.ts'
import type { Record } from '../../core/record.ts'
import type { Processor, ProcessorContext } from '../../topology/processor.ts'
import type { Mapper } from '../callbacks.ts'
import { CurrentRecord } from '../record-context.ts'

/** Makes any number of records of each, under the same key. Source: Java's `KStreamFlatMapValues`. */
export class FlatMapValuesProcessor<K, V, Out> implements Processor<K, V, K, Out> {
  private readonly mapper: Mapper<K, V, Iterable<Out>>
  private readonly current = new CurrentRecord()

  constructor(mapper: Mapper<K, V, Iterable<Out>>) {
    this.mapper = mapper
  }

  process(record: Record<K, V>, context: ProcessorContext<K, Out>): MaybePromise<void> {
    const values = this.mapper(record.value, record.key, this.current.at(record, context))
    if (isPromise(values)) return values.then((list) => forwardAll(record, list, context))
    return forwardAll(record, values, context)
  }
}

function forwardAll<K, Out>(
  record: Record<K, unknown>,
  values: Iterable<Out>,
  context: ProcessorContext<K, Out>,
): MaybePromise<void> {
  // The context queues what follows a forward that waits, so only the last one needs to be awaited.
  let last: MaybePromise<void> = undefined
  for (const value of values) last = context.forward(record.withValue(value))
  return last
}
