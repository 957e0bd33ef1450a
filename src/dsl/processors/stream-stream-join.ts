import { isPromise, type MaybePromise } from '../../core/maybe-promise.ts'
import { Record } from '../../core/record.ts'
import type { WindowEntry, WindowStore } from '../../state/store.ts'
import type { Processor, ProcessorContext } from '../../topology/processor.ts'
import type { Joiner } from '../callbacks.ts'
import { CurrentRecord } from '../record-context.ts'
import type { SideValue, UnmatchedKey } from '../unmatched.ts'
import type { JoinTime } from './join-time.ts'
import { skipRecord } from './skipped.ts'
import { UnmatchedRecords, type UnmatchedRules, type UnmatchedStore } from './unmatched-records.ts'
import { walkEntries } from './walk-entries.ts'

/** What a join of two streams is made of. */
export interface StreamJoin<K, V, OtherV, Out> extends UnmatchedRules {
  readonly joiner: Joiner<K, V | null, OtherV | null, Out>
  readonly leftStore: string
  readonly rightStore: string
  /** Where records wait for a match; undefined for an inner join. */
  readonly unmatchedStore: string | undefined
  /** Whether records of this side go on without a match. */
  readonly leftOuter: boolean
  readonly rightOuter: boolean
}

/**
 * Joins the records of one side with those of the other that are in its store. Records without a value are skipped,
 * and those without a key too, except where this side goes on without a match.
 *
 * @remarks Source: Java's `KStreamKStreamJoin`, KIP-962.
 */
export class StreamStreamJoinProcessor<
  K,
  V,
  OtherV,
  Out,
  Left extends boolean,
> implements Processor<K, Left extends true ? V : OtherV, K, Out> {
  readonly #join: StreamJoin<K, V, OtherV, Out>
  readonly #left: Left
  readonly #time: JoinTime
  readonly #beforeMs: number
  readonly #afterMs: number
  readonly #outer: boolean
  readonly #current = new CurrentRecord()
  #others!: WindowStore<K, V | OtherV>
  #unmatched: UnmatchedRecords<K, V, OtherV> | undefined

  constructor(join: StreamJoin<K, V, OtherV, Out>, left: Left, time: JoinTime) {
    this.#join = join
    this.#left = left
    this.#time = time
    // Seen from the right, what comes before is what comes after, seen from the left.
    this.#beforeMs = left ? join.beforeMs : join.afterMs
    this.#afterMs = left ? join.afterMs : join.beforeMs
    this.#outer = left ? join.leftOuter : join.rightOuter
  }

  init(context: ProcessorContext<K, Out>): MaybePromise<void> {
    const { leftStore, rightStore, unmatchedStore } = this.#join
    const others = this.#left ? rightStore : leftStore
    this.#others = context.store(others) as WindowStore<K, V | OtherV>
    this.#time.observed.init(context)
    if (unmatchedStore === undefined) return
    const store = context.store(unmatchedStore) as UnmatchedStore<K, V, OtherV>
    this.#unmatched = new UnmatchedRecords(store, this.#time, this.#join)
    return this.#unmatched.restore()
  }

  prefetch(key: K, timestampMs: number): void {
    if (key === null) return
    if (this.#outer) this.#unmatched?.prefetch({ timestampMs, left: this.#left, key })
  }

  process(record: Record<K, V | OtherV>, context: ProcessorContext<K, Out>): MaybePromise<void> {
    const { observed } = this.#time
    this.#noteForUndo(context)
    observed.observe(record.timestampMs)
    if (record.value === null || (record.key === null && !this.#outer)) {
      skipRecord(context, 'a join of streams takes no record without key or value')
      return
    }
    if (record.key === null) return this.#forward(record, null, record.timestampMs, context)
    if (this.#unmatched && record.timestampMs === observed.ms) {
      const nowMs = context.currentSystemTimeMs()
      const emitted = this.#unmatched.emitClosed(this.#afterMs, nowMs, (key, value) =>
        this.#emitUnmatched(key, value, record, context),
      )
      if (isPromise(emitted)) return emitted.then(() => this.#joinAll(record, context))
    }
    return this.#joinAll(record, context)
  }

  #noteForUndo(context: ProcessorContext<K, Out>): void {
    const { minUnmatchedMs, nextEmitMs } = this.#time
    context.onUndo?.(() => Object.assign(this.#time, { minUnmatchedMs, nextEmitMs }))
  }

  #joinAll(record: Record<K, V | OtherV>, context: ProcessorContext<K, Out>): MaybePromise<void> {
    const fromMs = Math.max(0, record.timestampMs - this.#beforeMs)
    const toMs = Math.max(0, record.timestampMs + this.#afterMs)
    let found = false
    const walked = walkEntries(this.#others.fetchRange(record.key, fromMs, toMs), (other) => {
      found = true
      return this.#joinOne(record, other, context)
    })
    if (!this.#outer) return walked
    if (isPromise(walked)) {
      return walked.then(() => (found ? undefined : this.#keepUnmatched(record, toMs, context)))
    }
    if (!found) return this.#keepUnmatched(record, toMs, context)
  }

  #joinOne(
    record: Record<K, V | OtherV>,
    other: WindowEntry<K, V | OtherV>,
    context: ProcessorContext<K, Out>,
  ): MaybePromise<void> {
    const otherMs = other.windowStartMs
    const timestampMs = Math.max(record.timestampMs, otherMs)
    const key = { timestampMs: otherMs, left: !this.#left, key: record.key }
    const removed = this.#unmatched?.matched(key)
    if (isPromise(removed)) {
      return removed.then(() => this.#forward(record, other.value, timestampMs, context))
    }
    return this.#forward(record, other.value, timestampMs, context)
  }

  /** A record that has found no match waits for one, unless its window has passed. */
  #keepUnmatched(
    record: Record<K, V | OtherV>,
    windowEndMs: number,
    context: ProcessorContext<K, Out>,
  ): MaybePromise<void> {
    if (!this.#unmatched || windowEndMs < this.#time.observed.ms) {
      return this.#forward(record, null, record.timestampMs, context)
    }
    const { key, timestampMs } = record
    const value = { left: this.#left, value: record.value } as SideValue<V, OtherV>
    return this.#unmatched.add({ timestampMs, left: this.#left, key }, value)
  }

  /** Emits a record that has waited in vain, at its own time, with the headers of the one in process. */
  #emitUnmatched(
    { key, timestampMs }: UnmatchedKey<K>,
    side: SideValue<V, OtherV>,
    record: Record<K, unknown>,
    context: ProcessorContext<K, Out>,
  ): MaybePromise<void> {
    const left = side.left ? side.value : null
    const right = side.left ? null : side.value
    return this.#forwardJoined(
      new Record(key, null, timestampMs, record.headers),
      left,
      right,
      context,
    )
  }

  #forward(
    record: Record<K, V | OtherV>,
    other: V | OtherV | null,
    timestampMs: number,
    context: ProcessorContext<K, Out>,
  ): MaybePromise<void> {
    const [left, right] = this.#left ? [record.value, other] : [other, record.value]
    const at = timestampMs === record.timestampMs ? record : record.withTimestamp(timestampMs)
    return this.#forwardJoined(at, left as V | null, right as OtherV | null, context)
  }

  #forwardJoined(
    at: Record<K, unknown>,
    left: V | null,
    right: OtherV | null,
    context: ProcessorContext<K, Out>,
  ): MaybePromise<void> {
    const out = this.#join.joiner(left, right, at.key, this.#current.at(at, context))
    if (isPromise(out)) return out.then((result) => context.forward(at.withValue(result)))
    return context.forward(at.withValue(out))
  }
}
