import { LifecycleError } from '../core/errors.ts'
import { isPromise, type MaybePromise } from '../core/maybe-promise.ts'
import type { StoreIterator } from '../state/store.ts'

/** Everything that an iterator gives. */
export function listed<T>(iterator: StoreIterator<T>): T[] {
  const entries: T[] = []
  for (let batch = atHand(iterator.nextBatch()); batch.length > 0;) {
    entries.push(...batch)
    batch = atHand(iterator.nextBatch())
  }
  void iterator.close()
  return entries
}

/** What a store in memory answers. */
export function atHand<T>(value: MaybePromise<T>): T {
  if (!isPromise(value)) return value
  throw new LifecycleError('A store of the test driver answered with a promise; it must not.')
}
