import { isWellFormed, utf8Text } from './buffer-text.ts'
import { shown, unreadable, unwritable } from './serde-errors.ts'
import type { Serde, SerdeContext } from './serde.ts'

function deserializeAt(buffer: Buffer, start: number, end: number, context: SerdeContext): string {
  const text = utf8Text(buffer, start, end)
  if (text === undefined) {
    throw unreadable('string', context, `the ${end - start} bytes are not valid UTF-8`)
  }
  return text
}

const serde: Serde<string> = {
  name: 'string',
  serialize(value, context) {
    if (typeof value !== 'string') {
      throw unwritable('string', context, `expected a string, got ${shown(value)}`)
    }
    if (!isWellFormed(value)) {
      throw unwritable('string', context, `${shown(value)} holds half of a surrogate pair`)
    }
    return Buffer.from(value, 'utf8')
  },
  deserialize: (bytes, context) => deserializeAt(bytes, 0, bytes.length, context),
  deserializeAt,
  fromText: (text) => text,
}

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
