import { isPromise, type MaybePromise } from '../core/maybe-promise.ts'
import type { EntryScan, ScannedEntry } from './stored-entry.ts'

/** Gives the batches of a walk to `take` until it answers false or the walk ends, and closes the walk. */
export function walk(
  scan: EntryScan,
  take: (batch: readonly ScannedEntry[]) => boolean,
): MaybePromise<void> {
  for (;;) {
    const batch = scan.nextBatch()
    if (isPromise(batch)) return walkLater(scan, take, batch)
    if (batch.length === 0 || !take(batch)) return scan.close()
  }
}

async function walkLater(
  scan: EntryScan,
  take: (batch: readonly ScannedEntry[]) => boolean,
  first: Promise<readonly ScannedEntry[]>,
): Promise<void> {
  try {
    for (let batch = await first; batch.length > 0 && take(batch);) batch = await scan.nextBatch()
  } finally {
    await scan.close()
  }
}

/** The first thing that `read` makes of what a walk meets; ends the walk. */
export function firstScanned<T>(
  scan: EntryScan,
  read: (scanned: ScannedEntry) => T | undefined,
): MaybePromise<T | undefined> {
  let found: T | undefined
  const walking = walk(scan, (batch) => {
    for (const scanned of batch) {
      found = read(scanned)
      if (found !== undefined) return false
    }
    return true
  })
  return isPromise(walking) ? walking.then(() => found) : found
}
