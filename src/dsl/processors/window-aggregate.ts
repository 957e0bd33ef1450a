import { isPromise, type MaybePromise } from '../../core/maybe-promise.ts'
import { Record } from '../../core/record.ts'
import type { Windowed } from '../../core/windowed.ts'
import type { ValueAndTimestamp, WindowStore } from '../../state/store.ts'
import type { Processor, ProcessorContext } from '../../topology/processor.ts'
import type { Aggregator, Initializer } from '../callbacks.ts'
import { Change } from '../change.ts'
import { CurrentRecord } from '../record-context.ts'
import type { TimeWindows } from '../time-windows.ts'
import { skipRecord } from './skipped.ts'

/** What a windowed aggregation is made of; `sendOldValues` is settled when the topology is built. */
export interface WindowAggregation<K, V, Agg> {
  readonly storeName: string
  readonly windows: TimeWindows
  /** Null where a window has no aggregate before its first record, as in a reduction. */
  readonly initializer: Initializer<Agg | null>
  readonly aggregator: Aggregator<K, V, Agg>
  sendOldValues: boolean
}

type Forward<K, Agg> = ProcessorContext<Windowed<K>, Change<Agg>>

/**
 * Keeps an aggregate for each key and window. A window takes records until the highest event time seen here is past
 * its end by the grace period; later ones are skipped and counted.
 *
 * @remarks Source: Java's `KStreamWindowAggregate`.
 */
export class WindowAggregateProcessor<K, V, Agg> implements Processor<
  K,
  V,
  Windowed<K>,
  Change<Agg>
> {
  private readonly aggregation: WindowAggregation<K, V, Agg>
  private readonly current = new CurrentRecord()
  private store!: WindowStore<K, Agg>
  private streamTimeMs = -1

  constructor(aggregation: WindowAggregation<K, V, Agg>) {
    this.aggregation = aggregation
  }

  init(context: Forward<K, Agg>): void {
    this.store = context.store(this.aggregation.storeName) as WindowStore<K, Agg>
  }

  prefetch(key: K, timestampMs: number): void {
    if (key === null) return
    const { windows } = this.aggregation
    let startMs = windows.firstStartMs(timestampMs)
    for (; startMs <= timestampMs; startMs += windows.advanceMs) this.store.prefetch(key, startMs)
  }

  process(record: Record<K, V>, context: Forward<K, Agg>): MaybePromise<void> {
    if (record.key === null) {
      skipRecord(context, 'a windowed aggregation takes no record without key')
      return
    }
    this.streamTimeMs = Math.max(this.streamTimeMs, record.timestampMs)
    const { windows } = this.aggregation
    return this.fromWindow(windows.firstStartMs(record.timestampMs), record, context)
  }

  /** Updates the windows of a record that start at `startMs` or later. */
  private fromWindow(
    startMs: number,
    record: Record<K, V>,
    context: Forward<K, Agg>,
  ): MaybePromise<void> {
    const { windows } = this.aggregation
    const closeTimeMs = this.streamTimeMs - windows.graceMs
    for (let start = startMs; start <= record.timestampMs; start += windows.advanceMs) {
      if (start + windows.sizeMs <= closeTimeMs) {
        skipRecord(context, lateReason(record.timestampMs, start, windows, this.streamTimeMs))
        continue
      }
      const old = this.store.fetchWithTimestamp(record.key, start)
      const done = isPromise(old)
        ? this.whenRead(old, start, record, context)
        : this.update(start, record, context, old)
      if (isPromise(done)) return this.whenUpdated(done, start + windows.advanceMs, record, context)
    }
  }

  private async whenUpdated(
    done: Promise<void>,
    nextStartMs: number,
    record: Record<K, V>,
    context: Forward<K, Agg>,
  ): Promise<void> {
    await done
    await this.fromWindow(nextStartMs, record, context)
  }

  private async whenRead(
    old: Promise<ValueAndTimestamp<Agg> | undefined>,
    startMs: number,
    record: Record<K, V>,
    context: Forward<K, Agg>,
  ): Promise<void> {
    await this.update(startMs, record, context, await old)
  }

  private update(
    startMs: number,
    record: Record<K, V>,
    context: Forward<K, Agg>,
    old: ValueAndTimestamp<Agg> | undefined,
  ): MaybePromise<void> {
    const before = old === undefined ? this.aggregation.initializer() : old.value
    // A reduction's aggregator takes the null that its initializer gives; for others there is none.
    const after = this.aggregation.aggregator(
      before as Agg,
      record.value,
      record.key,
      this.current.at(record, context),
    )
    if (isPromise(after)) {
      return after.then((value) => this.finish(startMs, record, context, old, value))
    }
    return this.finish(startMs, record, context, old, after)
  }

  private finish(
    startMs: number,
    record: Record<K, V>,
    context: Forward<K, Agg>,
    old: ValueAndTimestamp<Agg> | undefined,
    after: Agg | null,
  ): MaybePromise<void> {
    const timestampMs =
      old === undefined ? record.timestampMs : Math.max(record.timestampMs, old.timestampMs)
    this.store.put(record.key, after, startMs, timestampMs)
    const before = this.aggregation.sendOldValues && old !== undefined ? old.value : null
    const endMs = startMs + this.aggregation.windows.sizeMs
    return context.forward(
      new Record(
        { key: record.key, startMs, endMs },
        new Change(after, before),
        timestampMs,
        record.headers,
      ),
    )
  }
}

function lateReason(
  timestampMs: number,
  startMs: number,
  windows: TimeWindows,
  streamTimeMs: number,
): string {
  const window = `[${startMs}, ${startMs + windows.sizeMs})`
  return (
    `its time ${timestampMs} belongs to the window ${window}, which closed ` +
    `${windows.graceMs} ms (the grace period) after its end; stream time is ${streamTimeMs}`
  )
}
