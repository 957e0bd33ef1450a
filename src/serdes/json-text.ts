import { isAscii, type PackedBytes } from '../core/byte-text.ts'
import { messageOf } from '../core/errors.ts'
import { utf8Text } from './buffer-text.ts'
import { unwritableJsonPart } from './json-faults.ts'
import { shown, unreadable, unwritable } from './serde-errors.ts'
import type { SerdeContext } from './serde.ts'

/** What JSON.parse makes of a text. */
export function parseText(text: string, context: SerdeContext): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw unreadable('json', context, messageOf(cause), { cause })
  }
}

/** What JSON.parse makes of the text of bytes. */
export function parseAt(
  buffer: Buffer,
  start: number,
  end: number,
  context: SerdeContext,
): unknown {
  const text = utf8Text(buffer, start, end)
  if (text === undefined) throw unreadable('json', context, 'the bytes are not valid UTF-8')
  return parseText(text, context)
}

/** What JSON.stringify makes of a value, if that loses nothing. */
export function textOf(value: unknown, context: SerdeContext): string {
  let text: string | undefined
  try {
    text = JSON.stringify(value)
  } catch (cause) {
    const part = unwritableJsonPart(value)
    throw unwritable('json', context, part?.reason ?? messageOf(cause), {
      field: part?.path || undefined,
      cause,
    })
  }
  if (text === undefined) throw unwritable('json', context, `JSON cannot hold ${shown(value)}`)
  // JSON writes NaN and what it does not know in a list as null, so only a text with a null needs the value searched.
  if (text.includes('null')) {
    const part = unwritableJsonPart(value)
    if (part) throw unwritable('json', context, part.reason, { field: part.path || undefined })
  }
  return text
}

/** The text as it is where it is ASCII, which is what a store keeps best. */
export function packedText(text: string): PackedBytes {
  return isAscii(text) ? text : Buffer.from(text, 'utf8')
}
