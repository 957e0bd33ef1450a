import { isPromise, type MaybePromise } from '../../core/maybe-promise.ts'
import { Record } from '../../core/record.ts'
import type { ValueAndTimestamp } from '../../state/store.ts'
import type { Processor, ProcessorContext } from '../../topology/processor.ts'
import type { Aggregator, Initializer } from '../callbacks.ts'
import type { ValueReach } from '../../topology/value-reach.ts'
import { Change } from '../change.ts'
import { CurrentRecord } from '../record-context.ts'
import { skipRecord } from './skipped.ts'
import { tableRows, whenPut, type TableRows } from './table-rows.ts'

/** What an aggregation is made of; `sendOldValues` is settled when the topology is built. */
export interface StreamAggregation<K, V, Agg> {
  readonly storeName: string
  /** Null where a key has no aggregate before its first record, as in a reduction. */
  readonly initializer: Initializer<Agg | null>
  readonly aggregator: Aggregator<K, V, Agg>
  sendOldValues: boolean
}

/**
 * Keeps an aggregate for each key. Records without a key or a value are skipped.
 *
 * The old value of a key's first update is absent, as Kafka Streams sends it with a cache; without one it sends what
 * the initializer made, so that a table aggregated from the result subtracts what was never added.
 *
 * @remarks Source: Java's `KStreamAggregate`.
 */
export class StreamAggregateProcessor<K, V, Agg> implements Processor<K, V, K, Change<Agg>> {
  readonly valueReach: ValueReach = 'until-written'
  private readonly aggregation: StreamAggregation<K, V, Agg>
  private readonly current = new CurrentRecord()
  private rows!: TableRows<K, Agg>

  constructor(aggregation: StreamAggregation<K, V, Agg>) {
    this.aggregation = aggregation
  }

  init(context: ProcessorContext<K, Change<Agg>>): void {
    this.rows = tableRows<K, Agg>(context, this.aggregation.storeName)
  }

  prefetch(key: K): void {
    if (key !== null) this.rows.prefetch(key)
  }

  process(record: Record<K, V>, context: ProcessorContext<K, Change<Agg>>): MaybePromise<void> {
    if (record.key === null || record.value === null) {
      skipRecord(context, 'an aggregation takes no record without key or value')
      return
    }
    const old = this.rows.get(record.key)
    if (isPromise(old)) return this.whenRead(old, record, context)
    return this.update(record, context, old)
  }

  private async whenRead(
    old: Promise<ValueAndTimestamp<Agg> | undefined>,
    record: Record<K, V>,
    context: ProcessorContext<K, Change<Agg>>,
  ): Promise<void> {
    await this.update(record, context, await old)
  }

  private update(
    record: Record<K, V>,
    context: ProcessorContext<K, Change<Agg>>,
    old: ValueAndTimestamp<Agg> | undefined,
  ): MaybePromise<void> {
    const before = old === undefined ? this.aggregation.initializer() : old.value
    const current = this.current.at(record, context)
    // A reduction's aggregator takes the null that its initializer gives; for others there is none.
    const after = this.aggregation.aggregator(before as Agg, record.value, record.key, current)
    if (isPromise(after)) return this.whenAggregated(after, record, context, old)
    return this.finish(record, context, old, after)
  }

  private async whenAggregated(
    after: Promise<Agg | null>,
    record: Record<K, V>,
    context: ProcessorContext<K, Change<Agg>>,
    old: ValueAndTimestamp<Agg> | undefined,
  ): Promise<void> {
    await this.finish(record, context, old, await after)
  }

  private finish(
    record: Record<K, V>,
    context: ProcessorContext<K, Change<Agg>>,
    old: ValueAndTimestamp<Agg> | undefined,
    after: Agg | null,
  ): MaybePromise<void> {
    const timestampMs =
      old === undefined ? record.timestampMs : Math.max(record.timestampMs, old.timestampMs)
    const before = this.aggregation.sendOldValues && old !== undefined ? old.value : null
    const put = this.rows.put(record.key, after, timestampMs)
    if (put === 'latest') {
      const change = new Change(after, before)
      return context.forward(new Record(record.key, change, timestampMs, record.headers))
    }
    return whenPut(put, (isLatest) => {
      const change = new Change(after, before, isLatest)
      return context.forward(new Record(record.key, change, timestampMs, record.headers))
    })
  }
}
