import type { CountWindowed } from '../../core/count-windowed.ts'
import { isPromise, type MaybePromise } from '../../core/maybe-promise.ts'
import { Record } from '../../core/record.ts'
import type { KeyValueStore } from '../../state/store.ts'
import type { Processor, ProcessorContext } from '../../topology/processor.ts'
import type { Aggregator, Initializer } from '../callbacks.ts'
import type { CountState, OpenCountWindow } from '../count-state.ts'
import type { CountWindows } from '../count-windows.ts'
import { CurrentRecord } from '../record-context.ts'
import { skipRecord } from './skipped.ts'

/** What an aggregation by count is made of. */
export interface CountAggregation<K, V, Agg> {
  readonly storeName: string
  readonly windows: CountWindows
  /** Null where a window has no aggregate before its first record, as in a reduction. */
  readonly initializer: Initializer<Agg | null>
  readonly aggregator: Aggregator<K, V, Agg>
  /** Whether each update of a window is sent on, or its result alone, when it is full. */
  readonly emitsUpdates: boolean
}

type Context<K, Agg> = ProcessorContext<CountWindowed<K>, Agg>

/**
 * Keeps, for each key, an aggregate for each window that is not full. All of a key is one entry of the store, so that a
 * record takes one read and one write however many windows overlap.
 */
export class CountAggregateProcessor<K, V, Agg> implements Processor<K, V, CountWindowed<K>, Agg> {
  private readonly aggregation: CountAggregation<K, V, Agg>
  private readonly current = new CurrentRecord()
  private store!: KeyValueStore<K, CountState<Agg>>

  constructor(aggregation: CountAggregation<K, V, Agg>) {
    this.aggregation = aggregation
  }

  init(context: Context<K, Agg>): void {
    const { storeName } = this.aggregation
    this.store = context.store(storeName) as KeyValueStore<K, CountState<Agg>>
  }

  prefetch(key: K): void {
    if (key !== null) this.store.prefetch(key)
  }

  process(record: Record<K, V>, context: Context<K, Agg>): MaybePromise<void> {
    if (record.key === null || record.value === null) {
      skipRecord(context, 'an aggregation takes no record without key or value')
      return
    }
    const state = this.store.get(record.key)
    if (isPromise(state)) return state.then((read) => this.add(record, context, read))
    return this.add(record, context, state)
  }

  private add(
    record: Record<K, V>,
    context: Context<K, Agg>,
    state: CountState<Agg> = { records: 0, open: [] },
  ): MaybePromise<void> {
    const { windows, initializer } = this.aggregation
    const open = [...state.open]
    if (state.records % windows.advance === 0) {
      open.push({ aggregate: initializer(), timestampMs: record.timestampMs })
    }
    const updated = this.update(record, context, open, 0)
    if (isPromise(updated)) return updated.then(() => this.finish(record, context, state, open))
    return this.finish(record, context, state, open)
  }

  /** Adds the record to the windows from this one on, in place. */
  private update(
    record: Record<K, V>,
    context: Context<K, Agg>,
    open: OpenCountWindow<Agg>[],
    from: number,
  ): MaybePromise<void> {
    for (let i = from; i < open.length; i++) {
      const { aggregate, timestampMs } = open[i]!
      const latestMs = Math.max(timestampMs, record.timestampMs)
      // A reduction's aggregator takes the null that its initializer gives; for others there is none.
      const after = this.aggregation.aggregator(
        aggregate as Agg,
        record.value,
        record.key,
        this.current.at(record, context),
      )
      if (isPromise(after)) {
        return after.then((value) => {
          open[i] = { aggregate: value, timestampMs: latestMs }
          return this.update(record, context, open, i + 1)
        })
      }
      open[i] = { aggregate: after, timestampMs: latestMs }
    }
  }

  private finish(
    record: Record<K, V>,
    context: Context<K, Agg>,
    state: CountState<Agg>,
    open: readonly OpenCountWindow<Agg>[],
  ): MaybePromise<void> {
    const { windows, emitsUpdates } = this.aggregation
    const records = state.records + 1
    const oldest = windows.oldestAt(state.records)
    const isFull = records - oldest === windows.size
    this.store.put(record.key, { records, open: isFull ? open.slice(1) : open })
    const sent = emitsUpdates ? open : open.slice(0, isFull ? 1 : 0)
    let last: MaybePromise<void> = undefined
    for (const [i, { aggregate, timestampMs }] of sent.entries()) {
      if (aggregate === null) continue
      const first = oldest + i * windows.advance
      const key = { key: record.key, first, end: first + windows.size }
      // Forwards queue behind one another, so that the last stands for all.
      last = context.forward(new Record(key, aggregate, timestampMs, record.headers))
    }
    return last
  }
}
