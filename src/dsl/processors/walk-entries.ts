import { isPromise, type MaybePromise } from '../../core/maybe-promise.ts'
import type { StoreIterator } from '../../state/store.ts'

/** What a visitor answers to end the walk. */
export const stop: unique symbol = Symbol('stop')

type Visit<T> = (entry: T) => MaybePromise<void | typeof stop>

/**
 * Visits the entries of a store one after the other, and closes the walk. Waits, in order, only where the store or the
 * visitor has to.
 */
export function walkEntries<T>(iterator: StoreIterator<T>, visit: Visit<T>): MaybePromise<void> {
  let waits = false
  try {
    for (;;) {
      const batch = iterator.nextBatch()
      if (isPromise(batch)) {
        waits = true
        return walkOn(iterator, visit, batch, 0, undefined)
      }
      if (batch.length === 0) return undefined
      for (let at = 0; at < batch.length; at++) {
        const visited = visit(batch[at]!)
        if (visited === stop) return undefined
        if (isPromise(visited)) {
          waits = true
          return walkOn(iterator, visit, batch, at + 1, visited)
        }
      }
    }
  } finally {
    // A store in memory has nothing to wait for; where it has, the walk ends in `walkOn`.
    if (!waits) void iterator.close()
  }
}

async function walkOn<T>(
  iterator: StoreIterator<T>,
  visit: Visit<T>,
  first: MaybePromise<readonly T[]>,
  from: number,
  visiting: Promise<void | typeof stop> | undefined,
): Promise<void> {
  try {
    if ((await visiting) === stop) return
    let batch = await first
    let at = from
    while (batch.length > 0) {
      for (; at < batch.length; at++) {
        if ((await visit(batch[at]!)) === stop) return
      }
      batch = await iterator.nextBatch()
      at = 0
    }
  } finally {
    await iterator.close()
  }
}
