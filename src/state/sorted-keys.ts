import type { KeyRange, StorageKey } from './key-bytes.ts'

const chunkKeysMax = 512
const chunkKeysBuilt = 384

/** Hands out keys one by one; undefined at the end. */
export interface KeyCursor {
  next(): StorageKey | undefined
}

/**
 * A set of keys in order, as a list of short sorted chunks: adding a key moves a few hundred pointers at most, which
 * is faster here than a tree's nodes. Cursors walk the keys as they were when the cursor was made: chunks that a
 * cursor may still read are copied before they change.
 */
export class SortedKeys {
  #chunks: StorageKey[][] = []
  // Chunks that no cursor can see; undefined until the first cursor, when all are.
  #ownChunks: Set<StorageKey[]> | undefined
  #ownList = true

  constructor(keys: Iterable<StorageKey>) {
    const sorted = [...keys].sort()
    for (let at = 0; at < sorted.length; at += chunkKeysBuilt) {
      this.#chunks.push(sorted.slice(at, at + chunkKeysBuilt))
    }
  }

  /** Adds a key that is not in the set. */
  add(key: StorageKey): void {
    if (this.#chunks.length === 0) {
      this.#ownChunkList().push(this.#owned([key]))
      return
    }
    const index = Math.min(chunkFor(this.#chunks, key), this.#chunks.length - 1)
    const chunk = this.#ownChunk(index)
    chunk.splice(lowerBound(chunk, key), 0, key)
    if (chunk.length > chunkKeysMax) {
      const upper = chunk.splice(chunk.length >> 1)
      this.#chunks.splice(index + 1, 0, this.#owned(upper))
    }
  }

  /** Removes a key that is in the set. */
  delete(key: StorageKey): void {
    const index = chunkFor(this.#chunks, key)
    if (index === this.#chunks.length) return
    const chunk = this.#ownChunk(index)
    const at = lowerBound(chunk, key)
    if (chunk[at] !== key) return
    chunk.splice(at, 1)
    if (chunk.length === 0) this.#chunks.splice(index, 1)
  }

  /** Walks the keys of a range as they are now. */
  cursor(range: KeyRange): KeyCursor {
    this.#ownChunks = new Set()
    this.#ownList = false
    return range.reverse ? backward(this.#chunks, range) : forward(this.#chunks, range)
  }

  #ownChunkList(): StorageKey[][] {
    if (!this.#ownList) {
      this.#chunks = this.#chunks.slice()
      this.#ownList = true
    }
    return this.#chunks
  }

  #ownChunk(index: number): StorageKey[] {
    const chunks = this.#ownChunkList()
    const chunk = chunks[index] as StorageKey[]
    if (this.#ownChunks === undefined || this.#ownChunks.has(chunk)) return chunk
    const copy = this.#owned(chunk.slice())
    chunks[index] = copy
    return copy
  }

  #owned(chunk: StorageKey[]): StorageKey[] {
    this.#ownChunks?.add(chunk)
    return chunk
  }
}

/** The first chunk whose last key is not below this one; the number of chunks where there is none. */
function chunkFor(chunks: readonly StorageKey[][], key: StorageKey): number {
  let low = 0
  let high = chunks.length
  while (low < high) {
    const middle = (low + high) >> 1
    const chunk = chunks[middle] as StorageKey[]
    if ((chunk[chunk.length - 1] as StorageKey) < key) low = middle + 1
    else high = middle
  }
  return low
}

/** The first place in a chunk whose key is not below this one. */
function lowerBound(chunk: readonly StorageKey[], key: StorageKey): number {
  let low = 0
  let high = chunk.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((chunk[middle] as StorageKey) < key) low = middle + 1
    else high = middle
  }
  return low
}

function forward(chunks: readonly StorageKey[][], range: KeyRange): KeyCursor {
  let index = chunkFor(chunks, range.from)
  let at = index < chunks.length ? lowerBound(chunks[index] as StorageKey[], range.from) : 0
  return {
    next() {
      const chunk = chunks[index]
      if (chunk === undefined) return undefined
      const key = chunk[at] as StorageKey
      if (range.to !== undefined && key >= range.to) {
        index = chunks.length
        return undefined
      }
      if (++at === chunk.length) {
        index++
        at = 0
      }
      return key
    },
  }
}

function backward(chunks: readonly StorageKey[][], range: KeyRange): KeyCursor {
  let index = range.to === undefined ? chunks.length : chunkFor(chunks, range.to)
  // The place after the next key.
  let at = index < chunks.length ? lowerBound(chunks[index] as StorageKey[], range.to ?? '') : 0
  return {
    next() {
      if (at === 0) {
        if (index <= 0) return undefined
        at = (chunks[--index] as StorageKey[]).length
      }
      const key = (chunks[index] as StorageKey[])[--at] as StorageKey
      if (key < range.from) {
        index = 0
        at = 0
        return undefined
      }
      return key
    },
  }
}
