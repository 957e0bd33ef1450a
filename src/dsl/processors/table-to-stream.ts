import type { MaybePromise } from '../../core/maybe-promise.ts'
import type { Record } from '../../core/record.ts'
import type { Processor, ProcessorContext } from '../../topology/processor.ts'
import type { ValueReach } from '../../topology/value-reach.ts'
import type { Change } from '../change.ts'

/** Makes records of a table's updates: the new value, null for a deletion. Source: Java's `KTableImpl.toStream`. */
export class TableToStreamProcessor<K, V> implements Processor<K, Change<V>, K, V | null> {
  readonly valueReach: ValueReach = 'never'

  process(
    record: Record<K, Change<V>>,
    context: ProcessorContext<K, V | null>,
  ): MaybePromise<void> {
    return context.forward(record.withValue(record.value.newValue))
  }
}
