import { isPromise, type MaybePromise } from '../../core/maybe-promise.ts'
import type { Record } from '../../core/record.ts'
import type { WindowStore } from '../../state/store.ts'
import type { Processor, ProcessorContext } from '../../topology/processor.ts'
import { ObservedTime } from './observed-time.ts'
import { skipRecord } from './skipped.ts'

/** How one side of a join keeps its records for the other. */
export interface JoinWindowSide {
  /** The operator's name. */
  readonly name: string
  readonly storeName: string
  readonly retentionMs: number
  /** The child that joins, and the one that gets late records; undefined where nobody wants those. */
  readonly children: { readonly join: string; readonly late: string } | undefined
}

/**
 * Hands each record to the join, and then keeps it for records of the other side that come later. A record that is
 * older than all that is kept is joined with what is there, and is not kept: it is late.
 *
 * @remarks Source: Java's `KStreamJoinWindow`.
 */
export class JoinWindowProcessor<K, V> implements Processor<K, V, K, V> {
  readonly #side: JoinWindowSide
  /** What the store, too, goes by. */
  readonly #observed: ObservedTime
  #store!: WindowStore<K, V>

  constructor(side: JoinWindowSide) {
    this.#side = side
    this.#observed = new ObservedTime(side.name)
  }

  init(context: ProcessorContext<K, V>): void {
    this.#store = context.store(this.#side.storeName) as WindowStore<K, V>
    this.#observed.init(context)
  }

  process(record: Record<K, V>, context: ProcessorContext<K, V>): MaybePromise<void> {
    const joined = context.forward(record, this.#side.children?.join)
    if (record.key === null || record.value === null) return joined
    if (isPromise(joined)) return joined.then(() => this.#keep(record, context))
    return this.#keep(record, context)
  }

  #keep(record: Record<K, V>, context: ProcessorContext<K, V>): MaybePromise<void> {
    const { key, value, timestampMs } = record
    const { retentionMs, children } = this.#side
    const observed = this.#observed
    observed.observe(timestampMs)
    if (timestampMs > observed.ms - retentionMs) {
      this.#store.put(key, value, timestampMs, timestampMs)
      return
    }
    skipRecord(
      context,
      `it came too late to be kept for later records: its time ${timestampMs} is ${retentionMs} ms (the join's ` +
        `window and grace) or more before ${observed.ms}, its stream's time`,
      'late',
    )
    if (children) return context.forward(record, children.late)
  }
}
