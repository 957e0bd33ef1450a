import type { MaybePromise } from '../core/maybe-promise.ts'
import type { TimerClock } from '../state/timer-slot.ts'

/** A timer that is to be. */
export type TimerRequest<K, P> = TimerName<K> & {
  /** When it is due, in milliseconds since the epoch; where that is past, it fires next. */
  readonly atMs: number
  /** Whether it waits for records of that event time, or for the wall clock. */
  readonly clock: TimerClock
} & (undefined extends P ? { readonly payload?: P } : { readonly payload: P })

/** What a timer is found by. */
export interface TimerName<K> {
  readonly key: K
  /** Tells the timers of a key from each other. @defaultValue `''` */
  readonly name?: string | undefined
}

/** A timer that is waiting. */
export interface PendingTimer<K> {
  readonly key: K
  readonly name: string
  readonly atMs: number
  readonly clock: TimerClock
}

/** A timer that fires. It is over: another of its name may be scheduled. */
export interface FiredTimer<K, P> extends PendingTimer<K> {
  readonly payload: P
  /** The time by its clock: that at which it is due, or later. */
  readonly nowMs: number
}

/** Called for each timer that is due. Forward, write to stores and schedule as in `process`. */
export type TimerHandler<K, P> = (timer: FiredTimer<K, P>) => MaybePromise<void>

/**
 * The timers of a processor: one for each key and name, kept in a store, so that they outlive the worker and fire exactly
 * once where all else is done exactly once.
 *
 * They fire by the time at which they are due, and of one time in a fixed order of keys and names. Those of event time
 * fire before the next record is processed. A call returns a promise only where the store has to be read from disk;
 * calls take effect in order, and the task waits for them also where the processor does not.
 */
export interface Timers<K, P = undefined> {
  /**
   * Schedules a timer in the place of the one of that key and name, if there is any.
   *
   * @throws StateStoreError where `atMs` is no whole number of milliseconds, at least 0.
   */
  schedule(request: TimerRequest<K, P>): MaybePromise<void>
  /** Takes a timer back; says whether there was one. */
  cancel(name: TimerName<K>): MaybePromise<boolean>
  /** Takes all timers of a key back; says how many there were. */
  cancelAll(key: K): MaybePromise<number>
  /** When a timer is due; undefined where there is none. */
  get(name: TimerName<K>): MaybePromise<PendingTimer<K> | undefined>
  /** All timers of a key, by name. */
  list(key: K): MaybePromise<readonly PendingTimer<K>[]>
  /** Asks for a timer to be read together with what else the batch needs; see `Processor.prefetch`. */
  prefetch(name: TimerName<K>): void
}
