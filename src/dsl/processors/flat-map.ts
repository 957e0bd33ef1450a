import { isPromise, type MaybePromise } from '../../core/maybe-promise.ts'
import { Record } from '../../core/record.ts'
import type { Processor, ProcessorContext } from '../../topology/processor.ts'
import type { KeyValue, Mapper } from '../callbacks.ts'
import { CurrentRecord } from '../record-context.ts'

/** Makes any number of records of each. Source: Java's `KStreamFlatMap`. */
export class FlatMapProcessor<K, V, KOut, VOut> implements Processor<K, V, KOut, VOut> {
  private readonly mapper: Mapper<K, V, Iterable<KeyValue<KOut, VOut>>>
  private readonly current = new CurrentRecord()

  constructor(mapper: Mapper<K, V, Iterable<KeyValue<KOut, VOut>>>) {
    this.mapper = mapper
  }

  process(record: Record<K, V>, context: ProcessorContext<KOut, VOut>): MaybePromise<void> {
    const pairs = this.mapper(record.value, record.key, this.current.at(record, context))
    if (isPromise(pairs)) return pairs.then((list) => forwardAll(record, list, context))
    return forwardAll(record, pairs, context)
  }
}

function forwardAll<KOut, VOut>(
  record: Record<unknown, unknown>,
  pairs: Iterable<KeyValue<KOut, VOut>>,
  context: ProcessorContext<KOut, VOut>,
): MaybePromise<void> {
  // The context queues what follows a forward that waits, so only the last one needs to be awaited.
  let last: MaybePromise<void> = undefined
  for (const pair of pairs) {
    last = context.forward(new Record(pair.key, pair.value, record.timestampMs, record.headers))
  }
  return last
}
