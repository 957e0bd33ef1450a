import { StateStoreError } from '../../core/errors.ts'
import { isPromise, type MaybePromise } from '../../core/maybe-promise.ts'
import { Record } from '../../core/record.ts'
import type { KeyValueStore } from '../../state/store.ts'
import type { Processor, ProcessorContext } from '../../topology/processor.ts'
import { BufferedChange } from '../buffered-change.ts'
import { Change } from '../change.ts'
import { suppressionMetrics } from '../suppression-metrics.ts'
import { ObservedTime } from './observed-time.ts'
import { WaitingRows, type WaitingRow } from './waiting-rows.ts'

/** How a table's updates are held back. */
export interface Suppression<K> {
  /** The operator's name, for messages. */
  readonly name: string
  readonly storeName: string
  /** From when on a row waits that was not held back before. */
  readonly bufferTimeMs: (key: K, timestampMs: number) => number
  /** How far stream time must be past that time. */
  readonly waitMs: number
  /** Infinity where there is no bound. */
  readonly maxRecords: number
  readonly maxBytes: number
  readonly whenFull: 'emit' | 'fail'
  /** Whether deletions are kept back, since nothing that they delete was ever emitted. */
  readonly dropsTombstones: boolean
}

type Forward<K, V> = ProcessorContext<K, Change<V>>

/** How many rows are read from the store at once, where they have to be read from disk. */
const readsMax = 256

/**
 * Holds a table's updates back and emits the last one of each row when its time has come, with the time and headers of
 * the record that made it. Rows leave in the order of the times since when they wait, and of their keys' bytes.
 *
 * What is held back lies in a store; in memory is only what the order and the bounds take. It is worked out anew when
 * the task comes to a worker, so that it is what the store holds.
 *
 * @remarks Source: Java's `KTableSuppressProcessorSupplier`; a row's old value is what was emitted of it last, which
 * docs/adr/0013-suppressed-tables.md explains.
 */
export class SuppressProcessor<K, V> implements Processor<K, Change<V>, K, Change<V>> {
  private readonly suppression: Suppression<K>
  private readonly rows = new WaitingRows<K, V>()
  private store!: KeyValueStore<K, BufferedChange<V>>
  private emitted: { add(): void } | undefined
  private readonly observed: ObservedTime

  constructor(suppression: Suppression<K>) {
    this.suppression = suppression
    this.observed = new ObservedTime(suppression.name)
  }

  async init(context: Forward<K, V>): Promise<void> {
    this.measure(context)
    this.observed.init(context)
    const { storeName } = this.suppression
    this.store = context.store(storeName) as KeyValueStore<K, BufferedChange<V>>
    await this.restoreRows()
  }

  private async restoreRows(): Promise<void> {
    const { rows } = this
    rows.clear()
    for await (const { key, value } of this.store.range()) {
      const keyText = this.keyText(key)
      const { bufferTimeMs, priorValue } = value
      const sizeBytes = sizeWithKey(keyText, value)
      rows.add({ key, keyText, bufferTimeMs, priorValue, sizeBytes })
    }
  }

  process(record: Record<K, Change<V>>, context: Forward<K, V>): MaybePromise<void> {
    if (this.rows.isStale) return this.restoreRows().then(() => this.process(record, context))
    context.onUndo?.(() => {
      this.rows.isStale = true
    })
    this.observed.observe(record.timestampMs)
    this.hold(record, context)
    return this.emitDue(context)
  }

  private hold(record: Record<K, Change<V>>, context: Forward<K, V>): void {
    const { key, timestampMs, headers } = record
    const { newValue, oldValue } = record.value
    const keyText = this.keyText(key)
    const waiting = this.rows.get(keyText)
    const bufferTimeMs = waiting?.bufferTimeMs ?? this.suppression.bufferTimeMs(key, timestampMs)
    const priorValue = waiting ? waiting.priorValue : oldValue
    const origin = context.recordMetadata
    const change = new BufferedChange(
      bufferTimeMs,
      { priorValue, oldValue, newValue },
      { timestampMs, headers, origin },
    )
    this.store.put(key, change, timestampMs)
    const sizeBytes = sizeWithKey(keyText, change)
    if (waiting) this.rows.resize(waiting, sizeBytes)
    else this.rows.add({ key, keyText, bufferTimeMs, priorValue, sizeBytes })
  }

  private emitDue(context: Forward<K, V>): MaybePromise<void> {
    for (let due = this.takeDue(); due.length > 0; due = this.takeDue()) {
      const emitting = this.emitRows(due, context)
      if (isPromise(emitting)) return emitting.then(() => this.emitDue(context))
    }
  }

  /** The rows whose time has come, and when there are none, one for which there is no room. */
  private takeDue(): WaitingRow<K, V>[] {
    const { rows, suppression } = this
    const due: WaitingRow<K, V>[] = []
    const untilMs = this.observed.ms - suppression.waitMs
    while (due.length < readsMax) {
      const row = rows.take(untilMs)
      if (!row) break
      due.push(row)
    }
    if (due.length > 0) return due
    const { maxRecords, maxBytes, whenFull } = suppression
    if (rows.count <= maxRecords && rows.sizeBytes <= maxBytes) return due
    if (whenFull === 'fail') throw this.full()
    return [rows.take(Infinity)!]
  }

  private emitRows(due: readonly WaitingRow<K, V>[], context: Forward<K, V>): MaybePromise<void> {
    const reads = due.map(({ key }) => this.store.get(key))
    if (reads.some((read) => isPromise(read))) {
      return Promise.all(reads).then((changes) => this.emitFrom(0, due, changes, context))
    }
    return this.emitFrom(0, due, reads as (BufferedChange<V> | undefined)[], context)
  }

  private emitFrom(
    from: number,
    due: readonly WaitingRow<K, V>[],
    changes: readonly (BufferedChange<V> | undefined)[],
    context: Forward<K, V>,
  ): MaybePromise<void> {
    for (let i = from; i < due.length; i++) {
      const row = due[i]!
      const emitting = this.emit(row, changes[i], context)
      if (isPromise(emitting)) {
        return emitting.then(() => {
          this.release(row)
          return this.emitFrom(i + 1, due, changes, context)
        })
      }
      this.release(row)
    }
  }

  private emit(
    row: WaitingRow<K, V>,
    change: BufferedChange<V> | undefined,
    context: Forward<K, V>,
  ): MaybePromise<void> {
    if (!change) throw this.lost(row)
    const { newValue, priorValue } = change
    if (newValue === null && this.suppression.dropsTombstones) return
    this.emitted?.add()
    const { timestampMs, headers, origin } = change.context
    const record = new Record(row.key, new Change(newValue, priorValue), timestampMs, headers)
    return context.forwardHeld ? context.forwardHeld(record, origin) : context.forward(record)
  }

  /** After the row was forwarded, so that until then those who read the table see what it was before. */
  private release(row: WaitingRow<K, V>): void {
    this.store.delete(row.key)
    this.rows.forget(row)
  }

  private keyText(key: K): string {
    return this.store.serializedKey(key).toString('latin1')
  }

  private measure({ metrics }: Forward<K, V>): void {
    const { rows } = this
    const { emitted, count, size } = suppressionMetrics
    this.emitted = metrics?.counter(emitted.name, emitted.help)
    metrics?.gauge(count.name, count.help, () => rows.count)
    metrics?.gauge(size.name, size.help, () => rows.sizeBytes)
  }

  private full(): StateStoreError {
    const { name, storeName, maxRecords, maxBytes } = this.suppression
    const { count, sizeBytes } = this.rows
    return new StateStoreError(
      `The buffer ${storeName} of the suppression ${name} is full: it holds ${count} of at most ${maxRecords} rows ` +
        `and ${sizeBytes} of at most ${maxBytes} bytes. Give it more room, or let it emit early: whenFull: 'emit'`,
    )
  }

  private lost({ keyText }: WaitingRow<K, V>): StateStoreError {
    const { name, storeName } = this.suppression
    const key = Buffer.from(keyText, 'latin1').toString('hex')
    return new StateStoreError(
      `The suppression ${name} held a row back whose update is not in its store ${storeName} (key ${key}); ` +
        'something else has written to the store',
    )
  }
}

/** As Kafka Streams counts: 8 bytes for the buffer time. */
function sizeWithKey(keyText: string, change: BufferedChange<unknown>): number {
  return 8 + keyText.length + change.sizeBytes
}
