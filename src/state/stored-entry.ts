import type { PackedBytes } from '../core/byte-text.ts'
import type { MaybePromise } from '../core/maybe-promise.ts'
import type { StorageKey } from './key-bytes.ts'

/** A value as bytes with its event time, wherever it is kept. */
export interface StoredEntry {
  readonly timestampMs: number
  /** The serialized value; may be made anew each time, and is not to be changed. */
  bytes(): Buffer
  /** The same as it is at hand. */
  packed(): PackedBytes
}

/** What a walk over a store meets. */
export interface ScannedEntry {
  readonly key: StorageKey
  readonly entry: StoredEntry
}

/** A walk over entries in key order, or against it. */
export interface EntryScan {
  /** The next entries; empty at the end. */
  nextBatch(): MaybePromise<readonly ScannedEntry[]>
  close(): MaybePromise<void>
}

/** How many entries a batch of a walk holds at most, where nothing else bounds it. */
export const scanBatchEntries = 256

/** Stands for the value in walks over keys alone. */
export const noEntry: StoredEntry = {
  timestampMs: 0,
  bytes: () => Buffer.alloc(0),
  packed: () => '',
}
