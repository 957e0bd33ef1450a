import { inOrder } from '../../core/in-order.ts'
import { isPromise, type MaybePromise } from '../../core/maybe-promise.ts'
import type { Record } from '../../core/record.ts'
import type { WindowEntry, WindowStore } from '../../state/store.ts'
import type { Processor, ProcessorContext } from '../../topology/processor.ts'
import type { SlidingWindows } from '../sliding-windows.ts'
import { FinalResults } from './final-results.ts'
import { dropLateRecord, type ClosedWindow } from './late-records.ts'
import { ObservedTime } from './observed-time.ts'
import { readAll } from './read-all.ts'
import { skipRecord } from './skipped.ts'
import { slidingSteps, type SlidingStep } from './sliding-steps.ts'
import { windowResult } from './window-aggregate.ts'
import { WindowUpdates, type WindowAggregation } from './window-updates.ts'

/**
 * Keeps an aggregate for each key and sliding window. A window takes records until the highest event time seen here
 * is past its end by more than the grace period.
 *
 * @remarks Source: Java's `KStreamSlidingWindowAggregate`, KIP-450.
 */
export class SlidingAggregateProcessor<K, V, Agg> implements Processor<K, V, unknown, unknown> {
  private readonly aggregation: WindowAggregation<K, V, Agg>
  private readonly windows: SlidingWindows
  private readonly updates: WindowUpdates<K, V, Agg>
  private readonly observed: ObservedTime
  private finals: FinalResults<WindowEntry<K, Agg>> | undefined
  private store!: WindowStore<K, Agg>

  constructor(aggregation: WindowAggregation<K, V, Agg>, windows: SlidingWindows) {
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
    const { timeDifferenceMs } = this.windows
    this.finals = new FinalResults({
      ...this.aggregation,
      // A window's end is inclusive: one that ends at this moment has not closed.
      firstMs: (sentToMs) => Math.max(0, sentToMs - timeDifferenceMs),
      lastMs: (closeTimeMs) => closeTimeMs - timeDifferenceMs - 1,
      positionMs: (entry) => entry.windowStartMs,
      from: (startMs) => this.store.fetchAll(startMs, Number.MAX_SAFE_INTEGER),
      result: (entry, record) => windowResult(entry, timeDifferenceMs, record),
    })
    this.finals.init(context)
  }

  process(record: Record<K, V>, context: ProcessorContext): MaybePromise<void> {
    if (record.key === null || record.value === null) {
      skipRecord(context, 'a sliding aggregation takes no record without key or value')
      return
    }
    const { timestampMs } = record
    const { timeDifferenceMs } = this.windows
    this.observed.observe(timestampMs)
    const endMs = timestampMs + timeDifferenceMs
    if (endMs < this.closeTimeMs)
      return this.dropLate(record, context, [closedWindow(timestampMs, endMs)])
    const updated = this.sendThenUpdate(record, context)
    // As in Kafka Streams, no results are sent by records so early that their windows begin at the epoch.
    if (!this.finals || timestampMs < timeDifferenceMs) return updated
    const finals = this.finals
    const { closeTimeMs } = this
    if (isPromise(updated)) return updated.then(() => finals.whenDue(closeTimeMs, record, context))
    return finals.whenDue(closeTimeMs, record, context)
  }

  private get closeTimeMs(): number {
    return this.observed.ms - this.windows.graceMs
  }

  private sendThenUpdate(record: Record<K, V>, context: ProcessorContext): MaybePromise<void> {
    // The record's right window, if it gets one, is the latest that is written.
    const lastStartMs = record.timestampMs + 1
    const sent = this.finals?.beforeWrite(lastStartMs, this.closeTimeMs, record, context)
    return isPromise(sent)
      ? sent.then(() => this.updateAll(record, context))
      : this.updateAll(record, context)
  }

  private updateAll(record: Record<K, V>, context: ProcessorContext): MaybePromise<void> {
    const { timestampMs } = record
    const fromMs = Math.max(0, timestampMs - 2 * this.windows.timeDifferenceMs)
    const read = readAll(
      this.store.fetchRange(record.key, fromMs, timestampMs + 1, { reverse: true }),
    )
    return isPromise(read)
      ? read.then((entries) => this.runSteps(entries, record, context))
      : this.runSteps(read, record, context)
  }

  private runSteps(
    entries: readonly WindowEntry<K, Agg>[],
    record: Record<K, V>,
    context: ProcessorContext,
  ): MaybePromise<void> {
    const { closeTimeMs } = this
    const { timeDifferenceMs } = this.windows
    const steps = slidingSteps(entries, record.timestampMs, timeDifferenceMs)
    const isOpen = ({ startMs }: SlidingStep<Agg>): boolean =>
      startMs + timeDifferenceMs >= closeTimeMs
    const open = steps.filter(isOpen)
    const done = inOrder(open, (step) => this.runStep(step, record, context))
    if (open.length === steps.length) return done
    const closed = steps
      .filter((step) => !isOpen(step))
      .map(({ startMs }) => closedWindow(startMs, startMs + timeDifferenceMs))
    if (isPromise(done)) return done.then(() => this.dropLate(record, context, closed))
    return this.dropLate(record, context, closed)
  }

  private runStep(
    step: SlidingStep<Agg>,
    record: Record<K, V>,
    context: ProcessorContext,
  ): MaybePromise<void> {
    const { startMs, held, adds, timestampMs } = step
    const endMs = startMs + this.windows.timeDifferenceMs
    const from = step.from && { value: step.from.value, timestampMs }
    const window = { startMs, endMs, from, held }
    this.finals?.written(startMs)
    if (adds) return this.updates.update(window, record, context)
    return this.updates.set(window, step.from?.value ?? null, timestampMs, record, context)
  }

  private dropLate(
    record: Record<K, V>,
    context: ProcessorContext,
    closed: readonly ClosedWindow[],
  ): MaybePromise<void> {
    const times = { graceMs: this.windows.graceMs, streamTimeMs: this.observed.ms }
    return dropLateRecord(record, context, this.aggregation.late, closed, times)
  }
}

function closedWindow(startMs: number, endMs: number): ClosedWindow {
  return `[${startMs}, ${endMs}]`
}
