import { isPromise, type MaybePromise } from '../../core/maybe-promise.ts'
import type { KeyValueStore } from '../../state/store.ts'
import type { SideValue, UnmatchedKey } from '../unmatched.ts'
import type { JoinTime } from './join-time.ts'
import { stop, walkEntries } from './walk-entries.ts'

/** Where the records of a left or outer join wait for a match, by time, side and key. */
export type UnmatchedStore<K, V, OtherV> = KeyValueStore<
  UnmatchedKey<K>,
  readonly SideValue<V, OtherV>[]
>

/** How long records wait for a match. */
export interface UnmatchedRules {
  readonly beforeMs: number
  readonly afterMs: number
  readonly graceMs: number
  readonly emitIntervalMs: number
}

type Emit<K, V, OtherV> = (key: UnmatchedKey<K>, value: SideValue<V, OtherV>) => MaybePromise<void>

/**
 * The records of a left or outer join that have no match, until they have one or their window has closed.
 *
 * @remarks Source: Java's `KStreamKStreamJoin`, whose order of results follows from when it looks and where it stops
 * looking; both are the same here.
 */
export class UnmatchedRecords<K, V, OtherV> {
  readonly #store: UnmatchedStore<K, V, OtherV>
  readonly #time: JoinTime
  readonly #rules: UnmatchedRules

  constructor(store: UnmatchedStore<K, V, OtherV>, time: JoinTime, rules: UnmatchedRules) {
    this.#store = store
    this.#time = time
    this.#rules = rules
  }

  /** Learns of the records that wait since before the task began. */
  restore(): MaybePromise<void> {
    return walkEntries(this.#store.range(), ({ key }) => {
      this.#time.addUnmatched(key.timestampMs)
      return stop
    })
  }

  prefetch(key: UnmatchedKey<K>): void {
    this.#store.prefetch(key)
  }

  /** Lets a record wait, after those of the same time, side and key. */
  add(key: UnmatchedKey<K>, value: SideValue<V, OtherV>): MaybePromise<void> {
    this.#time.addUnmatched(key.timestampMs)
    const waiting = this.#store.get(key)
    if (isPromise(waiting)) return waiting.then((found) => this.#append(key, found, value))
    this.#append(key, waiting, value)
  }

  /** Says that the records of a time, side and key have found a match. */
  matched(key: UnmatchedKey<K>): MaybePromise<void> {
    const waiting = this.#store.get(key)
    if (isPromise(waiting)) return waiting.then((found) => this.#remove(key, found))
    this.#remove(key, waiting)
  }

  /**
   * Emits those whose windows have closed, by time, right side before left. `lookAheadMs` is how far behind a record of
   * the asking side its window reaches; the other side's windows may have closed before, and then wait for the next
   * record of that side.
   */
  emitClosed(lookAheadMs: number, nowMs: number, emit: Emit<K, V, OtherV>): MaybePromise<void> {
    const time = this.#time
    if (!time.mayHaveClosed(lookAheadMs + this.#rules.graceMs)) return
    if (nowMs < time.nextEmitMs) return
    time.nextEmitMs = nowMs + this.#rules.emitIntervalMs
    time.minUnmatchedMs = Infinity
    let leftOpen = false
    let rightOpen = false
    return walkEntries(this.#store.range(), ({ key, value }) => {
      time.minUnmatchedMs = key.timestampMs
      if (leftOpen && rightOpen) return stop
      if (!this.#isOpen(key)) return this.#emitAll(key, value, emit)
      if (key.left) leftOpen = true
      else rightOpen = true
      // Kafka Streams looks at each record of one key and time by itself, and stops at the second.
      if (leftOpen && rightOpen && value.length > 1) return stop
    })
  }

  #isOpen({ left, timestampMs }: UnmatchedKey<K>): boolean {
    const { beforeMs, afterMs, graceMs } = this.#rules
    return timestampMs + (left ? afterMs : beforeMs) + graceMs >= this.#time.observed.ms
  }

  #emitAll(
    key: UnmatchedKey<K>,
    values: readonly SideValue<V, OtherV>[],
    emit: Emit<K, V, OtherV>,
  ): MaybePromise<void> {
    for (let i = 0; i < values.length; i++) {
      const emitted = emit(key, values[i]!)
      if (isPromise(emitted)) return this.#emitRest(emitted, key, values.slice(i + 1), emit)
    }
    this.#store.put(key, null)
  }

  async #emitRest(
    emitted: Promise<void>,
    key: UnmatchedKey<K>,
    rest: readonly SideValue<V, OtherV>[],
    emit: Emit<K, V, OtherV>,
  ): Promise<void> {
    await emitted
    for (const value of rest) await emit(key, value)
    this.#store.put(key, null)
  }

  #append(
    key: UnmatchedKey<K>,
    waiting: readonly SideValue<V, OtherV>[] | undefined,
    value: SideValue<V, OtherV>,
  ): void {
    this.#store.put(key, waiting ? [...waiting, value] : [value], key.timestampMs)
  }

  #remove(key: UnmatchedKey<K>, waiting: readonly SideValue<V, OtherV>[] | undefined): void {
    if (waiting) this.#store.put(key, null)
  }
}
