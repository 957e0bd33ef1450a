import { isPromise, type MaybePromise } from '../../core/maybe-promise.ts'
import { Record } from '../../core/record.ts'
import type { ValueAndTimestamp, WindowStore } from '../../state/store.ts'
import type { ProcessorContext } from '../../topology/processor.ts'
import type { Aggregator, Initializer } from '../callbacks.ts'
import { Change } from '../change.ts'
import type { WindowEmit } from '../operator-options.ts'
import { CurrentRecord } from '../record-context.ts'
import type { LateOutput } from './late-records.ts'

/** What a windowed aggregation is made of; `sendOldValues` is settled when the topology is built. */
export interface WindowAggregation<K, V, Agg> {
  /** The operator's name. */
  readonly name: string
  readonly storeName: string
  readonly retentionMs: number
  /** Null where a window has no aggregate before its first record, as in a reduction. */
  readonly initializer: Initializer<Agg | null>
  readonly aggregator: Aggregator<K, V, Agg>
  readonly emit: WindowEmit
  readonly emitIntervalMs: number
  /** Where late records go, if they go anywhere. */
  readonly late?: LateOutput | undefined
  sendOldValues: boolean
}

/** The window to be updated. */
export interface UpdatedWindow<Agg> {
  readonly startMs: number
  readonly endMs: number
  /** The aggregate to begin with; undefined for the initializer's. */
  readonly from: ValueAndTimestamp<Agg> | undefined
  /** Whether that is what the window held, so that it is the old value of the update. */
  readonly held: boolean
}

/** Adds records to windows, in the store and behind the operator. */
export class WindowUpdates<K, V, Agg> {
  private readonly aggregation: WindowAggregation<K, V, Agg>
  private readonly current = new CurrentRecord()
  private store!: WindowStore<K, Agg>

  constructor(aggregation: WindowAggregation<K, V, Agg>) {
    this.aggregation = aggregation
  }

  init(store: WindowStore<K, Agg>): void {
    this.store = store
  }

  /** Adds a record to a window. */
  update(
    window: UpdatedWindow<Agg>,
    record: Record<K, V>,
    context: ProcessorContext,
  ): MaybePromise<void> {
    const before = window.from === undefined ? this.aggregation.initializer() : window.from.value
    const { key, value } = record
    const current = this.current.at(record, context)
    // A reduction's aggregator takes the null that its initializer gives; for others there is none.
    const after = this.aggregation.aggregator(before as Agg, value, key, current)
    if (isPromise(after)) {
      return after.then((awaited) => this.aggregated(window, record, context, awaited))
    }
    return this.aggregated(window, record, context, after)
  }

  /** Sets a window to an aggregate that another one has, or had. */
  set(
    window: UpdatedWindow<Agg>,
    aggregate: Agg | null,
    timestampMs: number,
    record: Record<K, V>,
    context: ProcessorContext,
  ): MaybePromise<void> {
    const { startMs, endMs, from, held } = window
    this.store.put(record.key, aggregate, startMs, timestampMs)
    if (this.aggregation.emit === 'window-close') return
    const old = this.aggregation.sendOldValues && held && from !== undefined ? from.value : null
    const key = { key: record.key, startMs, endMs }
    const update = new Record(key, new Change(aggregate, old), timestampMs, record.headers)
    return context.forward(update, this.aggregation.late?.updates)
  }

  private aggregated(
    window: UpdatedWindow<Agg>,
    record: Record<K, V>,
    context: ProcessorContext,
    after: Agg | null,
  ): MaybePromise<void> {
    const { from } = window
    const timestampMs =
      from === undefined ? record.timestampMs : Math.max(record.timestampMs, from.timestampMs)
    return this.set(window, after, timestampMs, record, context)
  }
}
