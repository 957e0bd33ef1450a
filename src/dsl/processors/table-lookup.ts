import { isPromise, type MaybePromise } from '../../core/maybe-promise.ts'
import type { Record } from '../../core/record.ts'
import type { ProcessorContext } from '../../topology/processor.ts'
import type { Joiner, Mapper } from '../callbacks.ts'
import { CurrentRecord, type RecordPlace } from '../record-context.ts'
import type { TableReader, TableView } from '../table-view.ts'
import { skipRecord } from './skipped.ts'

/** What a join of a stream with a table is made of. */
export interface TableJoin<K, V, TableK, TableV, Out> {
  readonly view: TableView<TableK, TableV>
  readonly joiner: Joiner<K, V, TableV | null, Out>
  /** The table's key for a record; undefined: the record's own. */
  readonly on: Mapper<K, V, TableK | null> | undefined
  /** Whether records go on for which the table has nothing. */
  readonly left: boolean
}

/**
 * Looks records up in a table, as it was at their times where it has a history. Records without a value are skipped,
 * and those without a key for the table too, except by a left join.
 *
 * @remarks Source: Java's `KStreamKTableJoinProcessor`, KIP-914.
 */
export class TableLookup<K, V, TableK, TableV, Out> {
  private readonly join: TableJoin<K, V, TableK, TableV, Out>
  private readonly current = new CurrentRecord()
  private table!: TableReader<TableK, TableV>

  constructor(join: TableJoin<K, V, TableK, TableV, Out>) {
    this.join = join
  }

  init(context: ProcessorContext<K, Out>): void {
    this.table = this.join.view.open(context)
  }

  prefetch(key: K, timestampMs: number): void {
    // Where the table's key is computed of the value, it is not known yet.
    if (key !== null && !this.join.on) this.table.prefetch(key as unknown as TableK, timestampMs)
  }

  close(): MaybePromise<void> {
    return this.table.close?.()
  }

  /** The table's key for a record. */
  keyOf(record: Record<K, V>, place: RecordPlace): MaybePromise<TableK | null> {
    if (!this.join.on) return record.key as unknown as TableK
    return this.join.on(record.value, record.key, this.current.at(record, place))
  }

  /** Whether the join skips a record, which is counted then. */
  skips(
    record: Record<K, V>,
    key: TableK | null,
    context: ProcessorContext<never, never>,
  ): boolean {
    if (record.value !== null && (this.join.left || !isAbsent(key))) return false
    const part = record.value === null ? 'value' : 'key'
    skipRecord(context, `a join with a table takes no record without ${part}`)
    return true
  }

  /** What the table has for a key, as of a time where it keeps history. */
  read(key: TableK | null, timestampMs: number): MaybePromise<TableV | null | undefined> {
    return isAbsent(key) ? null : this.table.get(key as TableK, timestampMs)
  }

  /** Hands on what comes of a record and what was {@link read} for it, if anything does. */
  joinWith(
    value: MaybePromise<TableV | null | undefined>,
    record: Record<K, V>,
    place: RecordPlace,
    forward: (joined: Record<K, Out>) => MaybePromise<void>,
  ): MaybePromise<void> {
    if (isPromise(value)) {
      return value.then((found) => this.joined(found ?? null, record, place, forward))
    }
    return this.joined(value ?? null, record, place, forward)
  }

  private joined(
    value: TableV | null,
    record: Record<K, V>,
    place: RecordPlace,
    forward: (joined: Record<K, Out>) => MaybePromise<void>,
  ): MaybePromise<void> {
    if (value === null && !this.join.left) return
    const out = this.join.joiner(record.value, value, record.key, this.current.at(record, place))
    if (isPromise(out)) return out.then((result) => forward(record.withValue(result)))
    return forward(record.withValue(out))
  }
}

function isAbsent(key: unknown): boolean {
  return key === null || key === undefined
}
