import { StateStoreError } from '../../core/errors.ts'
import { isPromise, type MaybePromise } from '../../core/maybe-promise.ts'
import { Record } from '../../core/record.ts'
import type { KeyValueStore } from '../../state/store.ts'
import type { Processor, ProcessorContext } from '../../topology/processor.ts'
import { BufferedChange } from '../buffered-change.ts'
import type { BufferedKey } from '../buffered-key.ts'
import { ObservedTime } from './observed-time.ts'
import { TableLookup, type TableJoin } from './table-lookup.ts'
import { WaitingRows, type WaitingRow } from './waiting-rows.ts'

/** A join whose records wait for the table. */
export interface GraceTableJoin<K, V, TableV, Out> extends TableJoin<K, V, K, TableV, Out> {
  /** The operator's name. */
  readonly name: string
  readonly storeName: string
  readonly graceMs: number
}

type Held<V> = BufferedChange<V> | undefined
type Found<TableV> = TableV | null | undefined
type Waiting<K> = WaitingRow<BufferedKey<K>, never>

/** How many records are read from the store at once, where they have to be read from disk. */
const readsMax = 256

/**
 * Holds each record back until stream time has passed it by the grace, and then looks it up in the table as it was at
 * the record's time: so updates of the table may be late by as much. Records leave in the order of their times. One
 * that is late itself by more than the grace is looked up as it comes, and so is one without a key, for which there
 * is nothing to wait.
 *
 * What is held back lies in a store; in memory is only the order. It is worked out anew when the task comes to a worker.
 *
 * @remarks Source: Java's `KStreamKTableJoinProcessor` and `RocksDBTimeOrderedKeyValueBuffer`, KIP-923. There a record
 * without a key ends the application.
 */
export class GraceTableJoinProcessor<K, V, TableV, Out> implements Processor<K, V, K, Out> {
  private readonly join: GraceTableJoin<K, V, TableV, Out>
  private readonly lookup: TableLookup<K, V, K, TableV, Out>
  private readonly observed: ObservedTime
  private readonly rows = new WaitingRows<BufferedKey<K>, never>()
  private store!: KeyValueStore<BufferedKey<K>, BufferedChange<V>>
  private sequence = 0

  constructor(join: GraceTableJoin<K, V, TableV, Out>) {
    this.join = join
    this.lookup = new TableLookup(join)
    this.observed = new ObservedTime(join.name)
  }

  async init(context: ProcessorContext<K, Out>): Promise<void> {
    this.lookup.init(context)
    this.observed.init(context)
    const { storeName } = this.join
    this.store = context.store(storeName) as KeyValueStore<BufferedKey<K>, BufferedChange<V>>
    await this.restoreRows()
  }

  private async restoreRows(): Promise<void> {
    this.rows.clear()
    for await (const { key } of this.store.range()) {
      this.wait(key)
      this.observed.observe(key.timestampMs)
      this.sequence = Math.max(this.sequence, key.sequence)
    }
  }

  close(): MaybePromise<void> {
    return this.lookup.close()
  }

  process(record: Record<K, V>, context: ProcessorContext<K, Out>): MaybePromise<void> {
    if (this.rows.isStale) return this.restoreRows().then(() => this.process(record, context))
    context.onUndo?.(() => {
      this.rows.isStale = true
    })
    if (this.lookup.skips(record, record.key, context)) return
    const { key, timestampMs } = record
    if (key === null || timestampMs < this.observed.ms - this.join.graceMs) {
      const value = this.lookup.read(key, timestampMs)
      return this.lookup.joinWith(value, record, context, (joined) => context.forward(joined))
    }
    this.observed.observe(timestampMs)
    this.hold(record, context)
    return this.joinDue(context)
  }

  private hold(record: Record<K, V>, context: ProcessorContext<K, Out>): void {
    const { key, value, timestampMs, headers } = record
    this.sequence = (this.sequence + 1) % 0x8000_0000
    const bufferedKey = { timestampMs, key, sequence: this.sequence }
    const change = new BufferedChange(
      timestampMs,
      { priorValue: null, oldValue: null, newValue: value },
      { timestampMs, headers, origin: context.recordMetadata },
    )
    this.store.put(bufferedKey, change, timestampMs)
    this.wait(bufferedKey)
  }

  private wait(key: BufferedKey<K>): void {
    const keyText = this.store.serializedKey(key).toString('latin1')
    const { timestampMs } = key
    this.rows.add({ key, keyText, bufferTimeMs: timestampMs, priorValue: null, sizeBytes: 0 })
  }

  private joinDue(context: ProcessorContext<K, Out>): MaybePromise<void> {
    for (let due = this.takeDue(); due.length > 0; due = this.takeDue()) {
      const joining = this.joinRows(due, context)
      if (isPromise(joining)) return joining.then(() => this.joinDue(context))
    }
  }

  private takeDue(): Waiting<K>[] {
    const due: Waiting<K>[] = []
    const untilMs = this.observed.ms - this.join.graceMs
    while (due.length < readsMax) {
      const row = this.rows.take(untilMs)
      if (!row) break
      due.push(row)
    }
    return due
  }

  private joinRows(
    due: readonly Waiting<K>[],
    context: ProcessorContext<K, Out>,
  ): MaybePromise<void> {
    const held = due.map(({ key }) => this.store.get(key))
    // Nothing that these records lead to changes the table, so that all of it can be read at once.
    const values = due.map(({ key: { key, timestampMs } }) => this.lookup.read(key, timestampMs))
    if (held.some((read) => isPromise(read)) || values.some((read) => isPromise(read))) {
      return Promise.all([Promise.all(held), Promise.all(values)]).then((read) =>
        this.joinFrom(0, due, ...read, context),
      )
    }
    return this.joinFrom(0, due, held as Held<V>[], values as Found<TableV>[], context)
  }

  private joinFrom(
    from: number,
    due: readonly Waiting<K>[],
    held: readonly Held<V>[],
    values: readonly Found<TableV>[],
    context: ProcessorContext<K, Out>,
  ): MaybePromise<void> {
    for (let i = from; i < due.length; i++) {
      const joining = this.joinOne(due[i]!, held[i], values[i], context)
      if (isPromise(joining)) {
        return joining.then(() => {
          this.release(due[i]!)
          return this.joinFrom(i + 1, due, held, values, context)
        })
      }
      this.release(due[i]!)
    }
  }

  private joinOne(
    { key: { key } }: Waiting<K>,
    held: Held<V>,
    value: Found<TableV>,
    context: ProcessorContext<K, Out>,
  ): MaybePromise<void> {
    if (!held) throw this.lost()
    const { timestampMs, headers, origin } = held.context
    const record = new Record(key, held.newValue as V, timestampMs, headers)
    const place = {
      recordMetadata: origin,
      currentStreamTimeMs: () => context.currentStreamTimeMs(),
    }
    return this.lookup.joinWith(value, record, place, (joined) =>
      context.forwardHeld ? context.forwardHeld(joined, origin) : context.forward(joined),
    )
  }

  private release(row: Waiting<K>): void {
    this.store.delete(row.key)
    this.rows.forget(row)
  }

  private lost(): StateStoreError {
    const { name, storeName } = this.join
    return new StateStoreError(
      `The join ${name} held a record back that is not in its store ${storeName}; something else has written to the store`,
    )
  }
}
