/**
 * A value that is at hand now, or a promise of it.
 *
 * The hot path of a task is synchronous where everything it needs is in memory; a promise appears only where a read
 * has to go to disk or the user's code is asynchronous. `await` works on both.
 */
export type MaybePromise<T> = T | Promise<T>

/** Tells a promise from a value that is at hand. */
export function isPromise<T>(value: MaybePromise<T>): value is Promise<T> {
  return (
    typeof value === 'object' && value !== null && typeof (value as Promise<T>).then === 'function'
  )
}
