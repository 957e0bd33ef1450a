import { latin1Text } from './buffer-text.ts'
import type { JsonShape } from './json-shape.ts'

/** The text is made here. Put together of strings it would be a tree of them, several times as large in a store. */
const scratch: Buffer = Buffer.allocUnsafeSlow(4096)
/** Where the next byte goes. */
let next = 0
/** Whether the text is being made: a getter may write another value by a serde in the midst of it. */
let busy = false

/**
 * The text that JSON.stringify makes of a value, all of it ASCII; undefined where the value is not exactly as the shape
 * has it, is long, or has text that is not ASCII.
 */
export function writeByShape(shape: JsonShape, value: object): string | undefined {
  if (busy) return undefined
  busy = true
  try {
    return writes(shape, value as Record<string, unknown>)
      ? latin1Text(scratch, 0, next)
      : undefined
  } catch {
    // A getter or a Proxy threw; it is asked again where the error is told of.
    return undefined
  } finally {
    busy = false
  }
}

function writes(shape: JsonShape, value: Record<string, unknown>): boolean {
  if (value['toJSON'] !== undefined || Array.isArray(value)) return false
  if (Object.getPrototypeOf(value) !== Object.prototype) return false
  const { names, openingBytes } = shape
  let f = 0
  next = 0
  for (const name in value) {
    // What somebody has put on Object.prototype is enumerated too, after the object's own.
    if (name !== names[f] || !isOwn.call(value, name)) return false
    const opening = openingBytes[f++]!
    const { length } = opening
    if (next + length > scratch.length) return false
    for (let i = 0; i < length; i++) scratch[next + i] = opening[i]!
    next += length
    if (!writePart(value[name])) return false
  }
  if (f < names.length || next === scratch.length) return false
  scratch[next++] = 0x7d
  return true
}

const isOwn = Object.prototype.hasOwnProperty

function writePart(value: unknown): boolean {
  if (typeof value === 'number') {
    if (value >= 0 && value <= maxInteger && (value | 0) === value) return writeInteger(value)
    return Number.isFinite(value) && writeAscii(`${value}`)
  }
  if (typeof value === 'string') return writeString(value)
  if (value === true) return writeAscii('true')
  if (value === false) return writeAscii('false')
  return value === null && writeAscii('null')
}

const maxInteger = 999_999_999
const maxIntegerLength = 9

function writeInteger(value: number): boolean {
  if (next + maxIntegerLength > scratch.length) return false
  let length = 1
  for (let limit = 10; value >= limit; limit *= 10) length++
  let rest = value
  for (let at = next + length - 1; at >= next; at--) {
    const tens = (rest / 10) | 0
    scratch[at] = 0x30 + rest - 10 * tens
    rest = tens
  }
  next += length
  return true
}

function writeAscii(text: string): boolean {
  const { length } = text
  if (next + length > scratch.length) return false
  for (let i = 0; i < length; i++) scratch[next + i] = text.charCodeAt(i)
  next += length
  return true
}

/** Up to here a loop copies faster than a call into Node does. */
const loopCopyMax = 64
const plainText = /^[ !#-[\]-\x7f]*$/

/** A text that JSON writes as it is, between quotes. */
function writeString(text: string): boolean {
  const { length } = text
  if (next + length + 2 > scratch.length) return false
  const start = next + 1
  scratch[next] = 0x22
  if (length > loopCopyMax) {
    if (!plainText.test(text)) return false
    scratch.write(text, start, length, 'latin1')
  } else {
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i)
      if (code < 0x20 || code > 0x7f || code === 0x22 || code === 0x5c) return false
      scratch[start + i] = code
    }
  }
  scratch[start + length] = 0x22
  next = start + length + 1
  return true
}
