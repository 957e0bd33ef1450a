import type { SerdeContext } from './serde.ts'
import { unreadable } from './serde-errors.ts'

/** Reads a window's start or end. One beyond the safe numbers cannot come from a clock. */
export function readWindowTime(
  buffer: Buffer,
  at: number,
  name: string,
  context: SerdeContext,
): number {
  const timeMs = buffer.readInt32BE(at) * 0x1_0000_0000 + buffer.readUInt32BE(at + 4)
  if (!Number.isSafeInteger(timeMs)) {
    throw unreadable(name, context, `window time ${buffer.readBigInt64BE(at)} is no point in time`)
  }
  return timeMs
}

/** Writes a window's start or end in 8 bytes. */
export function writeWindowTime(bytes: Buffer, timeMs: number, at: number): void {
  const high = Math.floor(timeMs / 0x1_0000_0000)
  bytes.writeInt32BE(high, at)
  bytes.writeUInt32BE(timeMs - high * 0x1_0000_0000, at + 4)
}
