import { ProcessingError } from '../../core/errors.ts'
import { isPromise, type MaybePromise } from '../../core/maybe-promise.ts'
import { Record } from '../../core/record.ts'
import type { ValueAndTimestamp } from '../../state/store.ts'
import type { Processor, ProcessorContext } from '../../topology/processor.ts'
import type { Aggregator } from '../callbacks.ts'
import { Change } from '../change.ts'
import { CurrentRecord } from '../record-context.ts'
import { tableRows, whenPut, type TableRows } from './table-rows.ts'

/** What an aggregation of a grouped table is made of; `sendOldValues` is settled when the topology is built. */
export interface TableAggregation<K, V, Agg> {
  readonly storeName: string
  /** Takes null where there is no aggregate yet. */
  readonly adder: Aggregator<K, V, Agg | null>
  readonly subtractor: Aggregator<K, V, Agg>
  sendOldValues: boolean
}

type Forward<K, Agg> = ProcessorContext<K, Change<Agg>>
type Stored<Agg> = ValueAndTimestamp<Agg> | undefined

/**
 * Keeps an aggregate for each group of a table's rows: takes the old row out, then puts the new one in.
 *
 * @remarks Source: Java's `KTableAggregate` and `KTableReduce`.
 */
export class TableAggregateProcessor<K, V, Agg> implements Processor<K, Change<V>, K, Change<Agg>> {
  private readonly aggregation: TableAggregation<K, V, Agg>
  private readonly current = new CurrentRecord()
  private rows!: TableRows<K, Agg>

  constructor(aggregation: TableAggregation<K, V, Agg>) {
    this.aggregation = aggregation
  }

  init(context: Forward<K, Agg>): void {
    this.rows = tableRows<K, Agg>(context, this.aggregation.storeName)
  }

  prefetch(key: K): void {
    if (key !== null) this.rows.prefetch(key)
  }

  process(record: Record<K, Change<V>>, context: Forward<K, Agg>): MaybePromise<void> {
    if (record.key === null) {
      throw new ProcessingError(
        `The aggregation ${this.aggregation.storeName} of a grouped table got a record without key; ` +
          'something other than this application has written to its repartition topic.',
      )
    }
    const old = this.rows.get(record.key)
    if (isPromise(old)) return old.then((stored) => this.subtract(record, context, stored))
    return this.subtract(record, context, old)
  }

  private subtract(
    record: Record<K, Change<V>>,
    context: Forward<K, Agg>,
    old: Stored<Agg>,
  ): MaybePromise<void> {
    const row = record.value.oldValue
    if (row === null || old === undefined) return this.add(record, context, old, old?.value ?? null)
    const current = this.current.at(record, context)
    const rest = this.aggregation.subtractor(old.value, row, record.key, current)
    if (isPromise(rest)) return rest.then((value) => this.add(record, context, old, value))
    return this.add(record, context, old, rest)
  }

  private add(
    record: Record<K, Change<V>>,
    context: Forward<K, Agg>,
    old: Stored<Agg>,
    rest: Agg | null,
  ): MaybePromise<void> {
    const row = record.value.newValue
    if (row === null) return this.finish(record, context, old, rest)
    const current = this.current.at(record, context)
    const after = this.aggregation.adder(rest, row, record.key, current)
    if (isPromise(after)) return after.then((value) => this.finish(record, context, old, value))
    return this.finish(record, context, old, after)
  }

  private finish(
    record: Record<K, Change<V>>,
    context: Forward<K, Agg>,
    old: Stored<Agg>,
    after: Agg | null,
  ): MaybePromise<void> {
    const timestampMs =
      old === undefined ? record.timestampMs : Math.max(record.timestampMs, old.timestampMs)
    const before = this.aggregation.sendOldValues && old !== undefined ? old.value : null
    return whenPut(this.rows.put(record.key, after, timestampMs), (isLatest) => {
      const change = new Change(after, before, isLatest)
      return context.forward(new Record(record.key, change, timestampMs, record.headers))
    })
  }
}
