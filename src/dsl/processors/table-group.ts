import { isPromise, type MaybePromise } from '../../core/maybe-promise.ts'
import { Record } from '../../core/record.ts'
import type { Processor, ProcessorContext } from '../../topology/processor.ts'
import type { KeyValue, Mapper } from '../callbacks.ts'
import { Change } from '../change.ts'
import { CurrentRecord } from '../record-context.ts'

/** A key and value that may be absent; either absence takes the row out of the grouping. */
export type GroupSelector<K, V, KOut, VOut> = Mapper<K, V, KeyValue<KOut | null, VOut | null>>

type Pair<KOut, VOut> = KeyValue<KOut | null, VOut | null> | null

/**
 * Gives each row of a table the key that it is grouped by. A changed row is taken out under its old key and put in
 * under its new one, the former first.
 *
 * @param sameKey Whether two group keys are equal; equal ones make one update of old and new value.
 * @param parentIsVersioned Whether the table keeps history; then updates that come behind newer ones are left out.
 * @remarks Source: Java's `KTableRepartitionMap`.
 */
export class TableGroupProcessor<K, V, KOut, VOut> implements Processor<
  K,
  Change<V>,
  KOut,
  Change<VOut>
> {
  private readonly selector: GroupSelector<K, V, KOut, VOut>
  private readonly sameKey: (a: KOut, b: KOut) => boolean
  private readonly parentIsVersioned: boolean
  private readonly current = new CurrentRecord()

  constructor(
    selector: GroupSelector<K, V, KOut, VOut>,
    sameKey: (a: KOut, b: KOut) => boolean,
    parentIsVersioned: boolean,
  ) {
    this.selector = selector
    this.sameKey = sameKey
    this.parentIsVersioned = parentIsVersioned
  }

  process(
    record: Record<K, Change<V>>,
    context: ProcessorContext<KOut, Change<VOut>>,
  ): MaybePromise<void> {
    // An aggregate is made of the latest rows, which such an update does not change.
    if (this.parentIsVersioned && !record.value.isLatest) return
    const newPair = this.select(record.value.newValue, record, context)
    const oldPair = this.select(record.value.oldValue, record, context)
    if (isPromise(newPair) || isPromise(oldPair)) {
      return this.later(newPair, oldPair, record, context)
    }
    return this.forward(newPair, oldPair, record, context)
  }

  private select(
    value: V | null,
    record: Record<K, Change<V>>,
    context: ProcessorContext<KOut, Change<VOut>>,
  ): MaybePromise<Pair<KOut, VOut>> {
    if (value === null) return null
    return this.selector(value, record.key, this.current.at(record, context))
  }

  private async later(
    newPair: MaybePromise<Pair<KOut, VOut>>,
    oldPair: MaybePromise<Pair<KOut, VOut>>,
    record: Record<K, Change<V>>,
    context: ProcessorContext<KOut, Change<VOut>>,
  ): Promise<void> {
    const [after, before] = await Promise.all([newPair, oldPair])
    await this.forward(after, before, record, context)
  }

  private forward(
    newPair: Pair<KOut, VOut>,
    oldPair: Pair<KOut, VOut>,
    record: Record<K, Change<V>>,
    context: ProcessorContext<KOut, Change<VOut>>,
  ): MaybePromise<void> {
    const taken = present(oldPair)
    const put = present(newPair)
    if (taken && put && this.sameKey(taken.key, put.key)) {
      return context.forward(keyed(record, taken.key, new Change(put.value, taken.value)))
    }
    let last: MaybePromise<void> = undefined
    if (taken) {
      last = context.forward(keyed(record, taken.key, new Change<VOut>(null, taken.value)))
    }
    // The context queues this behind the one before, where that one waits.
    if (put) last = context.forward(keyed(record, put.key, new Change<VOut>(put.value, null)))
    return last
  }
}

function present<KOut, VOut>(pair: Pair<KOut, VOut>): KeyValue<KOut, VOut> | undefined {
  if (!pair || pair.key == null || pair.value == null) return undefined
  return pair as KeyValue<KOut, VOut>
}

function keyed<K, V>(record: Record<unknown, unknown>, key: K, value: V): Record<K, V> {
  return new Record(key, value, record.timestampMs, record.headers)
}
