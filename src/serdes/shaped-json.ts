import type { PackedBytes } from '../core/byte-text.ts'
import { readBytesByShape } from './json-bytes-reader.ts'
import { writeByShape } from './json-shape-writer.ts'
import { packedText, parseAt, parseText, textOf } from './json-text.ts'
import { readTextByShape } from './json-text-reader.ts'
import type { LearnedShape } from './learned-shape.ts'
import type { SerdeContext } from './serde.ts'
import { ShapesByContext } from './shapes-by-context.ts'

const openingBrace = 0x7b

/**
 * JSON.parse and JSON.stringify, faster where a topic's values all have the same flat fields. What does not fit the
 * shape, and every error, is left to those two.
 */
export class ShapedJson {
  // Apart, since what fits one way may not fit another: a text that is not ASCII is read by shape but not written so.
  readonly #inBytes = new ShapesByContext()
  readonly #inTexts = new ShapesByContext()
  readonly #inValues = new ShapesByContext()

  parseAt(buffer: Buffer, start: number, end: number, context: SerdeContext): unknown {
    if (buffer[start] !== openingBrace) return parseAt(buffer, start, end, context)
    const learned = this.#inBytes.of(context)
    if (learned === undefined) return parseAt(buffer, start, end, context)
    const { shape } = learned
    if (shape !== undefined) {
      const read = readBytesByShape(shape, buffer, start, end)
      if (read !== undefined) {
        learned.hit()
        return read
      }
    }
    const value = parseAt(buffer, start, end, context)
    learned.miss(value)
    return value
  }

  parseText(text: string, context: SerdeContext): unknown {
    if (text.charCodeAt(0) !== openingBrace) return parseText(text, context)
    const learned = this.#inTexts.of(context)
    if (learned === undefined) return parseText(text, context)
    const { shape } = learned
    if (shape !== undefined) {
      const read = readTextByShape(shape, text)
      if (read !== undefined) {
        learned.hit()
        return read
      }
    }
    const value = parseText(text, context)
    learned.miss(value)
    return value
  }

  text(value: unknown, context: SerdeContext): string {
    if (typeof value !== 'object' || value === null) return textOf(value, context)
    const learned = this.#inValues.of(context)
    return asciiByShape(value, learned) ?? textLearnedFrom(value, context, learned)
  }

  packed(value: unknown, context: SerdeContext): PackedBytes {
    if (typeof value !== 'object' || value === null) return packedText(textOf(value, context))
    const learned = this.#inValues.of(context)
    return asciiByShape(value, learned) ?? packedText(textLearnedFrom(value, context, learned))
  }
}

function asciiByShape(value: object, learned: LearnedShape | undefined): string | undefined {
  if (learned?.shape === undefined) return undefined
  const text = writeByShape(learned.shape, value)
  if (text !== undefined) learned.hit()
  return text
}

function textLearnedFrom(
  value: object,
  context: SerdeContext,
  learned: LearnedShape | undefined,
): string {
  const text = textOf(value, context)
  try {
    learned?.miss(value)
  } catch {
    // A Proxy that has nothing against JSON may have something against being looked at more closely.
  }
  return text
}
