import { isPromise, type MaybePromise } from '../../core/maybe-promise.ts'
import { Record } from '../../core/record.ts'
import type { Windowed } from '../../core/windowed.ts'
import type { ValueAndTimestamp, WindowEntry, WindowStore } from '../../state/store.ts'
import type { Processor, ProcessorContext } from '../../topology/processor.ts'
import { Change } from '../change.ts'
import type { TimeWindows } from '../time-windows.ts'
import type { UnlimitedWindows } from '../unlimited-windows.ts'
import { FinalResults } from './final-results.ts'
import { dropLateRecord, type ClosedWindow } from './late-records.ts'
import { ObservedTime } from './observed-time.ts'
import { skipRecord } from './skipped.ts'
import { WindowUpdates, type WindowAggregation } from './window-updates.ts'

/**
 * Keeps an aggregate for each key and window. A window takes records until the highest event time seen here is past
 * its end by the grace period.
 *
 * @remarks Source: Java's `KStreamWindowAggregate`.
 */
export class WindowAggregateProcessor<K, V, Agg> implements Processor<K, V, unknown, unknown> {
  private readonly aggregation: WindowAggregation<K, V, Agg>
  private readonly windows: TimeWindows | UnlimitedWindows
  private readonly updates: WindowUpdates<K, V, Agg>
  private readonly observed: ObservedTime
  private finals: FinalResults<WindowEntry<K, Agg>> | undefined
  private store!: WindowStore<K, Agg>

  constructor(aggregation: WindowAggregation<K, V, Agg>, windows: TimeWindows | UnlimitedWindows) {
    this.aggregation = aggregation
    this.windows = windows
    this.updates = new WindowUpdates(aggregation)
    this.observed = new ObservedTime(aggregation.name)
  }

  init(context: ProcessorContext): void {
    this.store = context.store(this.aggregation.storeName) as WindowStore<K, Agg>
    this.updates.init(this.store)
    this.observed.init(context)
    if (this.aggregation.emit !== 'window-close') return
    const { sizeMs } = this.windows
    this.finals = new FinalResults({
      ...this.aggregation,
      // A window's end is exclusive: the one that closes at this moment starts a size before, and was sent.
      firstMs: (sentToMs) => Math.max(0, sentToMs - sizeMs) + 1,
      lastMs: (closeTimeMs) => closeTimeMs - sizeMs,
      positionMs: (entry) => entry.windowStartMs,
      from: (startMs) => this.store.fetchAll(startMs, Number.MAX_SAFE_INTEGER),
      result: (entry, record) => windowResult(entry, sizeMs, record),
    })
    this.finals.init(context)
  }

  prefetch(key: K, timestampMs: number): void {
    if (key === null) return
    const { windows } = this
    let startMs = windows.firstStartMs(timestampMs)
    for (; startMs <= timestampMs; startMs += windows.advanceMs) this.store.prefetch(key, startMs)
  }

  process(record: Record<K, V>, context: ProcessorContext): MaybePromise<void> {
    if (record.key === null) {
      skipRecord(context, 'a windowed aggregation takes no record without key')
      return
    }
    this.observed.observe(record.timestampMs)
    const { finals } = this
    if (!finals) return this.updateAll(record, context)
    const closeTimeMs = this.closeTimeMs
    const lastStartMs = record.timestampMs - (record.timestampMs % this.windows.advanceMs)
    const sent = finals.beforeWrite(lastStartMs, closeTimeMs, record, context)
    const updated = isPromise(sent)
      ? sent.then(() => this.updateAll(record, context))
      : this.updateAll(record, context)
    if (isPromise(updated)) return updated.then(() => finals.whenDue(closeTimeMs, record, context))
    return finals.whenDue(closeTimeMs, record, context)
  }

  private get closeTimeMs(): number {
    return this.observed.ms - this.windows.graceMs
  }

  /** Updates the windows of a record that are open. */
  private updateAll(record: Record<K, V>, context: ProcessorContext): MaybePromise<void> {
    const { windows, closeTimeMs } = this
    const closed: ClosedWindow[] = []
    let startMs = windows.firstStartMs(record.timestampMs)
    for (; startMs <= record.timestampMs; startMs += windows.advanceMs) {
      const endMs = startMs + windows.sizeMs
      // Windows close in the order of their starts.
      if (endMs > closeTimeMs) break
      closed.push(`[${startMs}, ${endMs})`)
    }
    const updated = this.fromWindow(startMs, record, context)
    if (closed.length === 0) return updated
    if (isPromise(updated)) return updated.then(() => this.dropLate(record, context, closed))
    return this.dropLate(record, context, closed)
  }

  private dropLate(
    record: Record<K, V>,
    context: ProcessorContext,
    closed: readonly ClosedWindow[],
  ): MaybePromise<void> {
    const times = { graceMs: this.windows.graceMs, streamTimeMs: this.observed.ms }
    return dropLateRecord(record, context, this.aggregation.late, closed, times)
  }

  /** Updates the windows of a record that start at `startMs` or later. */
  private fromWindow(
    startMs: number,
    record: Record<K, V>,
    context: ProcessorContext,
  ): MaybePromise<void> {
    const { windows } = this
    for (let start = startMs; start <= record.timestampMs; start += windows.advanceMs) {
      const old = this.store.fetchWithTimestamp(record.key, start)
      const done = isPromise(old)
        ? old.then((read) => this.update(start, record, context, read))
        : this.update(start, record, context, old)
      if (isPromise(done)) {
        return done.then(() => this.fromWindow(start + windows.advanceMs, record, context))
      }
    }
  }

  private update(
    startMs: number,
    record: Record<K, V>,
    context: ProcessorContext,
    from: ValueAndTimestamp<Agg> | undefined,
  ): MaybePromise<void> {
    this.finals?.written(startMs)
    const endMs = startMs + this.windows.sizeMs
    return this.updates.update({ startMs, endMs, from, held: true }, record, context)
  }
}

/** The result of a window, as it goes on when the window has closed. */
export function windowResult<K, Agg>(
  entry: WindowEntry<K, Agg>,
  sizeMs: number,
  record: Record<unknown, unknown>,
): Record<Windowed<K>, Change<Agg>> {
  const { key, windowStartMs, value, timestampMs } = entry
  const windowed = { key, startMs: windowStartMs, endMs: windowStartMs + sizeMs }
  return new Record(windowed, new Change(value, null), timestampMs, record.headers)
}
