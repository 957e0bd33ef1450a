import { DeserializationError } from '../core/errors.ts'
import { shown, unreadable, unwritable } from './serde-errors.ts'
import type { Serde, SerdeContext } from './serde.ts'
import { withText } from './with-text.ts'

const longMin = -(2n ** 63n)
const longMax = 2n ** 63n - 1n

function checkLength(start: number, end: number, context: SerdeContext): void {
  if (end - start !== 8) throw unreadable('long', context, `expected 8 bytes, got ${end - start}`)
}

function bigintAt(buffer: Buffer, start: number, end: number, context: SerdeContext): bigint {
  checkLength(start, end, context)
  return buffer.readBigInt64BE(start)
}

function numberAt(buffer: Buffer, start: number, end: number, context: SerdeContext): number {
  checkLength(start, end, context)
  const value = buffer.readInt32BE(start) * 0x1_0000_0000 + buffer.readUInt32BE(start + 4)
  if (!Number.isSafeInteger(value)) {
    throw unreadable(
      'long',
      context,
      `${buffer.readBigInt64BE(start)} is beyond the safe numbers; use long() for bigint`,
    )
  }
  return value
}

function bigintFromText(text: string): bigint {
  if (!/^-?\d+$/.test(text)) throw new DeserializationError(`${text} is no whole number`)
  return BigInt(text)
}

const asBigint: Serde<bigint> = {
  name: 'long',
  serialize(value, context) {
    if (typeof value !== 'bigint' || value < longMin || value > longMax) {
      throw unwritable('long', context, `expected a bigint of 64 bits, got ${shown(value)}`)
    }
    const bytes = Buffer.allocUnsafe(8)
    bytes.writeBigInt64BE(value, 0)
    return bytes
  },
  deserialize: (bytes, context) => bigintAt(bytes, 0, bytes.length, context),
  deserializeAt: bigintAt,
  fromText: bigintFromText,
}

function numberBytes(value: number, context: SerdeContext): Buffer {
  if (!Number.isSafeInteger(value)) {
    throw unwritable('long', context, `expected a safe whole number, got ${shown(value)}`)
  }
  const high = Math.floor(value / 0x1_0000_0000)
  const bytes = Buffer.allocUnsafe(8)
  bytes.writeInt32BE(high, 0)
  bytes.writeUInt32BE(value - high * 0x1_0000_0000, 4)
  return bytes
}

const highZeros = '\0\0\0\0'
/** Any of these bits set: a byte is above 127. */
const highBits = 0x80808080
/** Counts are mostly small: their texts are made once. */
const smallTexts: readonly string[] = Array.from({ length: 128 }, (_, value) => lowText(value))

function lowText(value: number): string {
  return `${highZeros}\0${String.fromCharCode((value >> 16) & 0x7f, (value >> 8) & 0x7f, value & 0x7f)}`
}

const asNumber: Serde<number> = withText(
  {
    name: 'long',
    serialize: numberBytes,
    deserialize: (bytes, context) => numberAt(bytes, 0, bytes.length, context),
    deserializeAt: numberAt,
  },
  {
    serializeText(value, context) {
      if ((value | 0) !== value || value < 0 || value > 0x7f_7f_7f || (value & highBits) !== 0) {
        return numberBytes(value, context)
      }
      return smallTexts[value] ?? lowText(value)
    },
    deserializeText(text, context) {
      if (text.length !== 8 || !text.startsWith(highZeros)) {
        return numberAt(Buffer.from(text, 'latin1'), 0, text.length, context)
      }
      return (
        (text.charCodeAt(4) << 24) |
        (text.charCodeAt(5) << 16) |
        (text.charCodeAt(6) << 8) |
        text.charCodeAt(7)
      )
    },
  },
)

/** How {@link long} gives its values. */
export interface LongOptions<As extends 'bigint' | 'number' = 'bigint' | 'number'> {
  /**
   * `number` refuses, with an error, what a number cannot hold exactly: beyond ±(2^53 − 1).
   *
   * @default 'bigint'
   */
  readonly as: As
}

/**
 * A signed 64-bit integer, big-endian: as bigint, or by choice as a safe number.
 *
 * @throws SerializationError, DeserializationError
 * @remarks Source: `org.apache.kafka.common.serialization.LongSerializer`.
 */
export function long(options?: LongOptions<'bigint'>): Serde<bigint>
export function long(options: LongOptions<'number'>): Serde<number>
export function long(options?: LongOptions): Serde<bigint> | Serde<number> {
  return options?.as === 'number' ? asNumber : asBigint
}
