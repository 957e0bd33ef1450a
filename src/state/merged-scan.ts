import { isPromise, type MaybePromise } from '../core/maybe-promise.ts'
import type { StorageKey } from './key-bytes.ts'
import type { LayeredEntry } from './layer-entry.ts'
import { scanBatchEntries, type EntryScan, type ScannedEntry } from './stored-entry.ts'

/** Walks committed entries with uncommitted ones over them: a write hides what it replaces, a deletion hides itself. */
export class MergedScan implements EntryScan {
  readonly #overlay: readonly LayeredEntry[]
  readonly #committed: EntryScan
  readonly #reverse: boolean
  #at = 0
  #committedEnded = false

  /** `overlay` is in the order of the walk, one entry a key. */
  constructor(overlay: readonly LayeredEntry[], committed: EntryScan, reverse: boolean) {
    this.#overlay = overlay
    this.#committed = committed
    this.#reverse = reverse
  }

  nextBatch(): MaybePromise<readonly ScannedEntry[]> {
    while (!this.#committedEnded) {
      const below = this.#committed.nextBatch()
      if (isPromise(below)) return below.then((batch) => this.#mergedOrNext(batch))
      const merged = this.#merge(below)
      if (merged.length > 0) return merged
    }
    return this.#restOfOverlay()
  }

  close(): MaybePromise<void> {
    this.#committedEnded = true
    this.#at = this.#overlay.length
    return this.#committed.close()
  }

  #mergedOrNext(batch: readonly ScannedEntry[]): MaybePromise<readonly ScannedEntry[]> {
    const merged = this.#merge(batch)
    return merged.length > 0 ? merged : this.nextBatch()
  }

  #merge(below: readonly ScannedEntry[]): readonly ScannedEntry[] {
    if (below.length === 0) this.#committedEnded = true
    if (this.#at === this.#overlay.length) return below
    const merged: ScannedEntry[] = []
    for (const scanned of below) {
      let over = this.#overlay[this.#at]
      while (over !== undefined && this.#before(over.key, scanned.key)) {
        if (over.entry.value !== null) merged.push(over)
        over = this.#overlay[++this.#at]
      }
      if (over?.key !== scanned.key) {
        merged.push(scanned)
      } else {
        if (over.entry.value !== null) merged.push(over)
        this.#at++
      }
    }
    return merged
  }

  #restOfOverlay(): readonly ScannedEntry[] {
    const rest: ScannedEntry[] = []
    while (rest.length < scanBatchEntries) {
      const over = this.#overlay[this.#at]
      if (over === undefined) break
      this.#at++
      if (over.entry.value !== null) rest.push(over)
    }
    return rest
  }

  #before(a: StorageKey, b: StorageKey): boolean {
    return this.#reverse ? a > b : a < b
  }
}

/** Merges what two layers captured of a range; the upper one's write of a key counts. */
export function mergeCaptured(
  upper: readonly LayeredEntry[],
  lower: readonly LayeredEntry[],
  reverse: boolean,
): readonly LayeredEntry[] {
  if (lower.length === 0) return upper
  if (upper.length === 0) return lower
  const merged: LayeredEntry[] = []
  let at = 0
  for (const entry of lower) {
    let over = upper[at]
    while (over !== undefined && (reverse ? over.key > entry.key : over.key < entry.key)) {
      merged.push(over)
      over = upper[++at]
    }
    if (over?.key !== entry.key) merged.push(entry)
  }
  while (at < upper.length) merged.push(upper[at++] as LayeredEntry)
  return merged
}
