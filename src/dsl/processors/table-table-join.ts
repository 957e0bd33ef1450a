import { isPromise, type MaybePromise } from '../../core/maybe-promise.ts'
import { Record } from '../../core/record.ts'
import type { ValueAndTimestamp } from '../../state/store.ts'
import type { Processor, ProcessorContext } from '../../topology/processor.ts'
import type { Joiner } from '../callbacks.ts'
import { Change } from '../change.ts'
import { CurrentRecord } from '../record-context.ts'
import type { TableReader, TableView } from '../table-view.ts'
import { skipRecord } from './skipped.ts'

/** A join of two tables as one of them sees it; `sendOldValues` is settled when the topology is built. */
export interface TableTableJoin<K, V, Other, Out> {
  readonly other: TableView<K, Other>
  readonly joiner: Joiner<K, V | null, Other | null, Out | null>
  /** Whether a result needs a value of the table whose updates come. */
  readonly needsThis: boolean
  /** Whether a result needs a value of the other table. */
  readonly needsOther: boolean
  /** Whether the table whose updates come keeps history, so that some of them come behind newer ones. */
  isVersioned(): boolean
  sendOldValues: boolean
}

type Forward<K, Out> = ProcessorContext<K, Change<Out>>

/**
 * Joins the updates of one table with what another one holds for their key. The result has the time of the later one.
 *
 * @remarks Source: Java's `KTableKTableInnerJoin`, `KTableKTableLeftJoin`, `KTableKTableRightJoin` and
 * `KTableKTableOuterJoin`; KIP-914 for updates of versioned tables.
 */
export class TableTableJoinProcessor<K, V, Other, Out> implements Processor<
  K,
  Change<V>,
  K,
  Change<Out>
> {
  private readonly join: TableTableJoin<K, V, Other, Out>
  private readonly isVersioned: boolean
  private readonly current = new CurrentRecord()
  private other!: TableReader<K, Other>

  constructor(join: TableTableJoin<K, V, Other, Out>) {
    this.join = join
    this.isVersioned = join.isVersioned()
  }

  init(context: Forward<K, Out>): void {
    this.other = this.join.other.open(context)
  }

  prefetch(key: K): void {
    if (key !== null) this.other.prefetch(key)
  }

  process(record: Record<K, Change<V>>, context: Forward<K, Out>): MaybePromise<void> {
    if (record.key === null) {
      skipRecord(context, 'a join of tables takes no record without key')
      return
    }
    if (this.isVersioned && !record.value.isLatest) {
      skipRecord(context, 'a join of versioned tables takes no update behind a newer one')
      return
    }
    const other = this.other.getWithTimestamp(record.key)
    if (isPromise(other)) return other.then((found) => this.joined(record, context, found))
    return this.joined(record, context, other)
  }

  close(): MaybePromise<void> {
    return this.other.close?.()
  }

  private joined(
    record: Record<K, Change<V>>,
    context: Forward<K, Out>,
    other: ValueAndTimestamp<Other> | undefined,
  ): MaybePromise<void> {
    const { newValue, oldValue } = record.value
    if (other === undefined) {
      if (this.join.needsOther || (newValue === null && oldValue === null)) return
    }
    const after = this.compute(newValue, record, context, other)
    if (isPromise(after)) return after.then((result) => this.old(record, context, other, result))
    return this.old(record, context, other, after)
  }

  private old(
    record: Record<K, Change<V>>,
    context: Forward<K, Out>,
    other: ValueAndTimestamp<Other> | undefined,
    after: Out | null,
  ): MaybePromise<void> {
    if (!this.join.sendOldValues) return this.forward(record, context, other, after, null)
    const before = this.compute(record.value.oldValue, record, context, other)
    if (isPromise(before)) {
      return before.then((result) => this.forward(record, context, other, after, result))
    }
    return this.forward(record, context, other, after, before)
  }

  private compute(
    value: V | null,
    record: Record<K, Change<V>>,
    context: Forward<K, Out>,
    other: ValueAndTimestamp<Other> | undefined,
  ): MaybePromise<Out | null> {
    if (value === null && (this.join.needsThis || other === undefined)) return null
    const current = this.current.at(record, context)
    return this.join.joiner(value, other === undefined ? null : other.value, record.key, current)
  }

  private forward(
    record: Record<K, Change<V>>,
    context: Forward<K, Out>,
    other: ValueAndTimestamp<Other> | undefined,
    after: Out | null,
    before: Out | null,
  ): MaybePromise<void> {
    const { key, timestampMs, headers } = record
    const change = new Change(after, before, record.value.isLatest)
    const joinedMs = other === undefined ? timestampMs : Math.max(timestampMs, other.timestampMs)
    return context.forward(new Record(key, change, joinedMs, headers))
  }
}
