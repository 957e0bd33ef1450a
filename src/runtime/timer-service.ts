import { StateStoreError } from '../core/errors.ts'
import { isPromise, type MaybePromise } from '../core/maybe-promise.ts'
import type { KeyValueStore, StoreIterator } from '../state/store.ts'
import type { TimerEntry } from '../state/timer-entry.ts'
import {
  afterTimers,
  beforeTimers,
  namedPrefix,
  TimerSlot,
  type TimerClock,
} from '../state/timer-slot.ts'
import type {
  PendingTimer,
  TimerHandler,
  TimerName,
  TimerRequest,
  Timers,
} from '../topology/timers.ts'
import { headTimers, TimerHead, type HeldTimer } from './timer-head.ts'

type TimerStore = KeyValueStore<TimerSlot<unknown>, TimerEntry<unknown>>

/** What a service needs of the processor that it serves. */
export interface TimerServiceOptions {
  readonly store: TimerStore
  readonly handler: TimerHandler<unknown, unknown>
  /** Has the processor, and the task, wait for something that it need not wait for itself. */
  hold(pending: Promise<unknown>): void
  /** Calls the handler as a punctuation is called: what it throws is dealt with in there. */
  fire(timer: HeldTimer, run: () => MaybePromise<void>): MaybePromise<void>
  /** Called with what takes a change back. */
  onUndo(step: () => void): void
}

/**
 * The timers of one processor in one task. What is in the store is the truth; the timers that are due first are also in
 * memory, in {@link TimerHead}s.
 */
export class TimerService implements Timers<unknown, unknown> {
  readonly #options: TimerServiceOptions
  readonly #store: TimerStore
  #heads: Readonly<globalThis.Record<TimerClock, TimerHead>> = newHeads()
  /** The last call that has to wait; those that follow come after it. */
  #last: Promise<unknown> | undefined

  constructor(options: TimerServiceOptions) {
    this.#options = options
    this.#store = options.store
  }

  /** When the next timer of a clock is due, as far as is known without asking the store. */
  nextDueMs(clock: TimerClock): number {
    return this.#heads[clock].nextDueMs
  }

  schedule(request: TimerRequest<unknown, unknown>): MaybePromise<void> {
    const { key, name = '', atMs, clock, payload } = request
    if (!Number.isSafeInteger(atMs) || atMs < 0) {
      throw new StateStoreError(
        `A timer in ${this.#store.name} is to be due at ${atMs}: write whole milliseconds since the epoch`,
      )
    }
    return this.#inTurn(() =>
      andThen(this.#takeBack(key, name), () => {
        const slot = TimerSlot.due(key, name, clock, atMs)
        const entry: TimerEntry<unknown> = { type: 'payload', payload }
        this.#store.put(slot, entry)
        this.#store.put(TimerSlot.named(key, name), { type: 'when', clock, atMs })
        this.#onChange()
        this.#heads[clock].add({ position: slot.position, slot, entry })
      }),
    )
  }

  cancel({ key, name = '' }: TimerName<unknown>): MaybePromise<boolean> {
    return this.#inTurn(() => this.#takeBack(key, name))
  }

  cancelAll(key: unknown): MaybePromise<number> {
    return this.#inTurn(() =>
      andThen(this.#pendingOf(key), (pending) => {
        for (const timer of pending) this.#remove(timer)
        return pending.length
      }),
    )
  }

  get({ key, name = '' }: TimerName<unknown>): MaybePromise<PendingTimer<unknown> | undefined> {
    return this.#inTurn(() =>
      andThen(this.#store.get(TimerSlot.named(key, name)), (entry) => pendingOf(key, name, entry)),
    )
  }

  list(key: unknown): MaybePromise<readonly PendingTimer<unknown>[]> {
    return this.#inTurn(() => this.#pendingOf(key))
  }

  prefetch({ key, name = '' }: TimerName<unknown>): void {
    this.#store.prefetch(TimerSlot.named(key, name))
  }

  /**
   * Fires the first timer, which must be due as far as is known, or only finds out which is first where the store must be
   * asked. Says whether it fired one.
   */
  fireNext(clock: TimerClock, nowMs: number): MaybePromise<boolean> {
    const head = this.#heads[clock]
    if (head.isDrained) return andThen(this.#refill(clock, head), () => false)
    const timer = head.first()!
    const { key, name, atMs } = timer.slot
    const payload = timer.entry.type === 'payload' ? timer.entry.payload : undefined
    const fired = this.#options.fire(timer, () => {
      this.#remove({ key, name, atMs, clock })
      return this.#options.handler({ key, name, atMs, clock, payload, nowMs })
    })
    return andThen(fired, () => true)
  }

  #takeBack(key: unknown, name: string): MaybePromise<boolean> {
    return andThen(this.#store.get(TimerSlot.named(key, name)), (entry) => {
      const timer = pendingOf(key, name, entry)
      if (timer) this.#remove(timer)
      return timer !== undefined
    })
  }

  #remove({ key, name, atMs, clock }: PendingTimer<unknown>): void {
    const slot = TimerSlot.due(key, name, clock, atMs)
    this.#store.delete(slot)
    this.#store.delete(TimerSlot.named(key, name))
    this.#onChange()
    this.#heads[clock].remove(slot.position)
  }

  /** What was changed in the store is undone there; which timers are first is found out anew. */
  #onChange(): void {
    this.#options.onUndo(() => {
      this.#heads = newHeads()
    })
  }

  #pendingOf(key: unknown): MaybePromise<readonly PendingTimer<unknown>[]> {
    const any = TimerSlot.named(key, '')
    // The store makes its bytes, of which the prefix is a part.
    this.#store.prefetch(any)
    return andThen(collected(this.#store.prefixScan(namedPrefix(any)), Infinity), ({ entries }) =>
      entries.flatMap(({ key: slot, value }) => pendingOf(key, slot.name, value) ?? []),
    )
  }

  #refill(clock: TimerClock, head: TimerHead): MaybePromise<void> {
    const after = Buffer.from(`${head.upTo}\0`, 'latin1')
    const before = beforeTimers(clock)
    const scan = this.#store.range({
      from: TimerSlot.bound(head.upTo === '' ? before : after),
      to: TimerSlot.bound(afterTimers(clock)),
    })
    return andThen(collected(scan, headTimers), ({ entries, complete }) => {
      const timers = entries.map(({ key: slot, value }) => ({
        position: slot.position,
        slot,
        entry: value,
      }))
      head.refill(timers, complete)
    })
  }

  #inTurn<T>(run: () => MaybePromise<T>): MaybePromise<T> {
    const result = this.#last === undefined ? run() : this.#last.then(run)
    if (!isPromise(result)) return result
    // What fails is told to the caller and, where that does not listen, to the task that waits.
    const last = result
      .catch(() => {})
      .finally(() => {
        if (this.#last === last) this.#last = undefined
      })
    this.#last = last
    this.#options.hold(result)
    return result
  }
}

function newHeads(): Readonly<globalThis.Record<TimerClock, TimerHead>> {
  return { 'stream-time': new TimerHead(), 'wall-clock-time': new TimerHead() }
}

function pendingOf(
  key: unknown,
  name: string,
  entry: TimerEntry<unknown> | undefined,
): PendingTimer<unknown> | undefined {
  if (entry?.type !== 'when') return undefined
  return { key, name, atMs: entry.atMs, clock: entry.clock }
}

/** The entries of a walk, at least so many where there are; `complete` where it came to its end. */
function collected<T>(
  scan: StoreIterator<T>,
  atLeast: number,
  entries: T[] = [],
): MaybePromise<{ readonly entries: T[]; readonly complete: boolean }> {
  for (;;) {
    const batch = scan.nextBatch()
    if (isPromise(batch)) {
      return batch.then((read) => {
        entries.push(...read)
        if (read.length > 0 && entries.length < atLeast) return collected(scan, atLeast, entries)
        return andThen(scan.close(), () => ({ entries, complete: read.length === 0 }))
      })
    }
    entries.push(...batch)
    if (batch.length > 0 && entries.length < atLeast) continue
    return andThen(scan.close(), () => ({ entries, complete: batch.length === 0 }))
  }
}

function andThen<T, U>(
  value: MaybePromise<T>,
  next: (value: T) => MaybePromise<U>,
): MaybePromise<U> {
  return isPromise(value) ? value.then(next) : next(value)
}
