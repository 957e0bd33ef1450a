/**
 * Stores keep their keys as strings of one character a byte: such a string hashes and compares faster than a Buffer,
 * takes half the memory, and JavaScript's order of strings is then the unsigned order of the bytes.
 */
export type StorageKey = string

/** The key of some bytes. */
export function storageKey(bytes: Buffer): StorageKey {
  return bytes.toString('latin1')
}

/** The bytes of a key. */
export function storageKeyBytes(key: StorageKey): Buffer {
  return Buffer.from(key, 'latin1')
}

/** The lowest key above all keys with this prefix; undefined where there is none. */
export function afterPrefix(prefix: StorageKey): StorageKey | undefined {
  let length = prefix.length
  while (length > 0 && prefix.charCodeAt(length - 1) === 0xff) length--
  if (length === 0) return undefined
  return prefix.slice(0, length - 1) + String.fromCharCode(prefix.charCodeAt(length - 1) + 1)
}

/** The lowest key above this one. */
export function afterKey(key: StorageKey): StorageKey {
  return `${key}\0`
}

/** A part of the key space. */
export interface KeyRange {
  /** Inclusive; the empty key is below all others. */
  readonly from: StorageKey
  /** Exclusive; undefined: no bound. */
  readonly to: StorageKey | undefined
  readonly reverse: boolean
}

/** Compares two keys, for sorting. */
export function compareKeys(a: StorageKey, b: StorageKey): number {
  return a < b ? -1 : a > b ? 1 : 0
}
