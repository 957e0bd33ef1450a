import { isAscii } from '../core/byte-text.ts'
import { isWellFormed, utf8Text } from './buffer-text.ts'
import { shown, unreadable, unwritable } from './serde-errors.ts'
import type { Serde, SerdeContext } from './serde.ts'
import { withText } from './with-text.ts'

function deserializeAt(buffer: Buffer, start: number, end: number, context: SerdeContext): string {
  const text = utf8Text(buffer, start, end)
  if (text === undefined) {
    throw unreadable('string', context, `the ${end - start} bytes are not valid UTF-8`)
  }
  return text
}

/** Up to this many characters, a loop is faster than the call into Node's encoder: twice as fast for a key of five. */
const shortText = 24

function asciiBytes(text: string): Buffer | undefined {
  const { length } = text
  const bytes = Buffer.allocUnsafe(length)
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i)
    if (code > 0x7f) return undefined
    bytes[i] = code
  }
  return bytes
}

function serialize(value: string, context: SerdeContext): Buffer {
  if (typeof value !== 'string') {
    throw unwritable('string', context, `expected a string, got ${shown(value)}`)
  }
  const short = value.length <= shortText ? asciiBytes(value) : undefined
  if (short) return short
  if (!isWellFormed(value)) {
    throw unwritable('string', context, `${shown(value)} holds half of a surrogate pair`)
  }
  return Buffer.from(value, 'utf8')
}

const serde: Serde<string> = withText(
  {
    name: 'string',
    serialize,
    deserialize: (bytes, context) => deserializeAt(bytes, 0, bytes.length, context),
    deserializeAt,
    fromText: (text) => text,
  },
  {
    serializeText: (value, context) =>
      typeof value === 'string' && isAscii(value) ? value : serialize(value, context),
    deserializeText: (text) => text,
  },
)

/**
 * Text as UTF-8.
 *
 * Text that UTF-8 cannot hold (half a surrogate pair) and bytes that are not UTF-8 are errors rather than replacement
 * characters, which would make different keys equal.
 *
 * @throws SerializationError, DeserializationError
 * @remarks Source: `org.apache.kafka.common.serialization.StringSerializer`, whose bytes are the same for valid text.
 */
export function string(): Serde<string> {
  return serde
}
