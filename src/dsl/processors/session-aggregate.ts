import { foldInOrder, inOrder } from '../../core/in-order.ts'
import { noHeaders, type Headers } from '../../core/headers.ts'
import { isPromise, type MaybePromise } from '../../core/maybe-promise.ts'
import { Record } from '../../core/record.ts'
import type { SessionWindowed } from '../../core/windowed.ts'
import type { SessionEntry, SessionStore } from '../../state/session-store-types.ts'
import type { Processor, ProcessorContext } from '../../topology/processor.ts'
import type { Merger } from '../callbacks.ts'
import { Change } from '../change.ts'
import { CurrentRecord } from '../record-context.ts'
import type { SessionWindows } from '../session-windows.ts'
import { FinalResults } from './final-results.ts'
import { dropLateRecord } from './late-records.ts'
import { ObservedTime } from './observed-time.ts'
import { readAll } from './read-all.ts'
import { skipRecord } from './skipped.ts'
import type { WindowAggregation } from './window-updates.ts'

/** What an aggregation by sessions is made of. */
export interface SessionAggregation<K, V, Agg> extends WindowAggregation<K, V, Agg> {
  readonly merger: Merger<K, Agg | null>
}

interface Span {
  readonly startMs: number
  readonly endMs: number
}

/**
 * Keeps an aggregate for each key and session. A record makes one session of those that it lies in or within the gap
 * of, and those are withdrawn.
 *
 * @remarks Source: Java's `KStreamSessionWindowAggregate`.
 */
export class SessionAggregateProcessor<K, V, Agg> implements Processor<K, V, unknown, unknown> {
  private readonly aggregation: SessionAggregation<K, V, Agg>
  private readonly windows: SessionWindows
  private readonly observed: ObservedTime
  private readonly current = new CurrentRecord()
  private finals: FinalResults<SessionEntry<K, Agg>> | undefined
  private store!: SessionStore<K, Agg>

  constructor(aggregation: SessionAggregation<K, V, Agg>, windows: SessionWindows) {
    this.aggregation = aggregation
    this.windows = windows
    this.observed = new ObservedTime(aggregation.name)
  }

  init(context: ProcessorContext): void {
    this.store = context.store(this.aggregation.storeName) as SessionStore<K, Agg>
    this.observed.init(context)
    if (this.aggregation.emit !== 'window-close') return
    this.finals = new FinalResults<SessionEntry<K, Agg>>({
      ...this.aggregation,
      // A session's end is inclusive: one that ends at this moment has not closed.
      firstMs: (sentToMs) => Math.max(0, sentToMs),
      lastMs: (closeTimeMs) => closeTimeMs - 1,
      positionMs: (entry) => entry.endMs,
      from: (endMs) => this.store.findSessionsByEnd(endMs, Number.MAX_SAFE_INTEGER),
      result: (session, record) => sessionUpdate(session, session.value, null, record.headers),
    })
    this.finals.init(context)
  }

  prefetch(key: K, timestampMs: number): void {
    const { gapMs } = this.windows
    if (key !== null) this.store.prefetch(key, timestampMs - gapMs, timestampMs + gapMs)
  }

  process(record: Record<K, V>, context: ProcessorContext): MaybePromise<void> {
    if (record.key === null) {
      skipRecord(context, 'an aggregation by sessions takes no record without key')
      return
    }
    this.observed.observe(record.timestampMs)
    const { finals, closeTimeMs } = this
    if (!finals) return this.update(record, context)
    const sent = finals.beforeWrite(record.timestampMs, closeTimeMs, record, context)
    const updated = isPromise(sent)
      ? sent.then(() => this.update(record, context))
      : this.update(record, context)
    if (isPromise(updated)) return updated.then(() => finals.whenDue(closeTimeMs, record, context))
    return finals.whenDue(closeTimeMs, record, context)
  }

  private get closeTimeMs(): number {
    return this.observed.ms - this.windows.graceMs - this.windows.gapMs
  }

  private update(record: Record<K, V>, context: ProcessorContext): MaybePromise<void> {
    const { key, timestampMs } = record
    const { gapMs } = this.windows
    const read = readAll(this.store.findSessions(key, timestampMs - gapMs, timestampMs + gapMs))
    return isPromise(read)
      ? read.then((sessions) => this.merge(sessions, record, context))
      : this.merge(read, record, context)
  }

  private merge(
    sessions: readonly SessionEntry<K, Agg>[],
    record: Record<K, V>,
    context: ProcessorContext,
  ): MaybePromise<void> {
    const span = spanOf(record.timestampMs, sessions)
    if (span.endMs < this.closeTimeMs) {
      const times = {
        graceMs: this.windows.gapMs + this.windows.graceMs,
        streamTimeMs: this.observed.ms,
      }
      const window = `[${span.startMs}, ${span.endMs}]` as const
      return dropLateRecord(record, context, this.aggregation.late, [window], times)
    }
    const merged = foldInOrder<SessionEntry<K, Agg>, Agg | null>(
      sessions,
      this.aggregation.initializer(),
      (aggregate, session) => this.aggregation.merger(aggregate, session.value, record.key),
    )
    return isPromise(merged)
      ? merged.then((aggregate) => this.aggregate(aggregate, span, sessions, record, context))
      : this.aggregate(merged, span, sessions, record, context)
  }

  private aggregate(
    merged: Agg | null,
    span: Span,
    sessions: readonly SessionEntry<K, Agg>[],
    record: Record<K, V>,
    context: ProcessorContext,
  ): MaybePromise<void> {
    // A session of this one moment is replaced; all others are withdrawn, also one that stays as long as it was.
    const ofMoment = span.startMs === span.endMs
    const replaced = ofMoment ? sessions[0] : undefined
    const withdrawn = replaced === undefined ? sessions : []
    const done = inOrder(withdrawn, (session) => this.withdraw(session, context))
    return isPromise(done)
      ? done.then(() => this.add(merged, span, replaced, record, context))
      : this.add(merged, span, replaced, record, context)
  }

  private withdraw(session: SessionEntry<K, Agg>, context: ProcessorContext): MaybePromise<void> {
    const { key, startMs, endMs, value } = session
    this.store.remove(key, startMs, endMs)
    return this.forward(session, null, value, context)
  }

  private add(
    merged: Agg | null,
    span: Span,
    replaced: SessionEntry<K, Agg> | undefined,
    record: Record<K, V>,
    context: ProcessorContext,
  ): MaybePromise<void> {
    const { key, value } = record
    const current = this.current.at(record, context)
    // A reduction's aggregator takes the null that its initializer gives; for others there is none.
    const after = this.aggregation.aggregator(merged as Agg, value, key, current)
    const put = (aggregate: Agg | null): MaybePromise<void> => {
      this.finals?.written(span.endMs)
      this.store.put(key, span.startMs, span.endMs, aggregate)
      return this.forward({ key, ...span }, aggregate, replaced?.value ?? null, context)
    }
    return isPromise(after) ? after.then(put) : put(after)
  }

  private forward(
    session: SessionWindowed<K>,
    newValue: Agg | null,
    oldValue: Agg | null,
    context: ProcessorContext,
  ): MaybePromise<void> {
    if (this.aggregation.emit === 'window-close') return
    const old = this.aggregation.sendOldValues ? oldValue : null
    // A session is made of several records, so that the headers of none are its own.
    return context.forward(
      sessionUpdate(session, newValue, old, noHeaders),
      this.aggregation.late?.updates,
    )
  }
}

/** The session of a record and of those that it joins. */
function spanOf(timestampMs: number, sessions: readonly Span[]): Span {
  return {
    startMs: Math.min(timestampMs, ...sessions.map((session) => session.startMs)),
    endMs: Math.max(timestampMs, ...sessions.map((session) => session.endMs)),
  }
}

function sessionUpdate<K, Agg>(
  { key, startMs, endMs }: SessionWindowed<K>,
  newValue: Agg | null,
  oldValue: Agg | null,
  headers: Headers,
): Record<SessionWindowed<K>, Change<Agg>> {
  // An update counts as of the session's end, whenever the record came.
  return new Record({ key, startMs, endMs }, new Change(newValue, oldValue), endMs, headers)
}
