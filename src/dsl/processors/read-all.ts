import { isPromise, type MaybePromise } from '../../core/maybe-promise.ts'
import type { StoreIterator } from '../../state/store.ts'

/** All entries of an iterator, which is closed then; a promise only where something had to be read from disk. */
export function readAll<T>(iterator: StoreIterator<T>): MaybePromise<readonly T[]> {
  const entries: T[] = []
  for (;;) {
    const batch = iterator.nextBatch()
    if (isPromise(batch)) return readRest(iterator, batch, entries)
    if (batch.length === 0) break
    entries.push(...batch)
  }
  const closed = iterator.close()
  return isPromise(closed) ? closed.then(() => entries) : entries
}

async function readRest<T>(
  iterator: StoreIterator<T>,
  pending: Promise<readonly T[]>,
  entries: T[],
): Promise<readonly T[]> {
  try {
    for (let batch = await pending; batch.length > 0; batch = await iterator.nextBatch()) {
      entries.push(...batch)
    }
    return entries
  } finally {
    await iterator.close()
  }
}
