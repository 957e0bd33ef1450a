import type { StorageKey } from './key-bytes.ts'

/** Windows begin at few different times within a while: their bytes are worth keeping. */
const remembered = new Map<number, StorageKey>()
const rememberedMax = 4096

/** A time, 0 or above, as 8 bytes whose order is that of the times. */
export function bigEndian(timeMs: number): StorageKey {
  const known = remembered.get(timeMs)
  if (known !== undefined) return known
  const bytes = Buffer.allocUnsafe(8)
  writeTime(bytes, timeMs, 0)
  const text = bytes.toString('latin1')
  if (remembered.size >= rememberedMax) remembered.clear()
  remembered.set(timeMs, text)
  return text
}

/** The time in the 8 bytes at a place in a storage key. */
export function timeAt(stored: StorageKey, start: number): number {
  let time = 0
  for (let at = start; at < start + 8; at++) time = time * 256 + stored.charCodeAt(at)
  return time
}

/** Writes a time, 0 or above, into 8 bytes. */
export function writeTime(bytes: Buffer, timeMs: number, at: number): void {
  bytes.writeUInt32BE(Math.floor(timeMs / 2 ** 32), at)
  bytes.writeUInt32BE(timeMs % 2 ** 32, at + 4)
}

/** Reads what {@link writeTime} wrote; undefined for what is no safe whole number. */
export function readTime(bytes: Buffer, at: number): number | undefined {
  const time = bytes.readUInt32BE(at) * 2 ** 32 + bytes.readUInt32BE(at + 4)
  return Number.isSafeInteger(time) ? time : undefined
}
