import { latin1Text, utf8Text } from './buffer-text.ts'
import { exactDecimal } from './exact-decimals.ts'
import type { JsonShape } from './json-shape.ts'

/** JSON.parse reads longer values as fast or faster, and several times as fast where it is a text that is long. */
const mostBytes = 256

/** Where the value that was read last ends. */
let next = 0

/**
 * The object that JSON.parse makes of the bytes from `start` to `end`; undefined where they are not exactly as the
 * shape has it, without white space, and perhaps no JSON at all.
 */
export function readBytesByShape(
  shape: JsonShape,
  buffer: Buffer,
  start: number,
  end: number,
): unknown {
  if (end - start > mostBytes) return undefined
  const { names, openingBytes } = shape
  const object = shape.copier(shape.template)
  let at = start
  for (let f = 0; f < names.length; f++) {
    const opening = openingBytes[f]!
    const { length } = opening
    if (end - at <= length) return undefined
    for (let i = 0; i < length; i++) if (buffer[at + i] !== opening[i]) return undefined
    const value = valueAt(buffer, at + length, end)
    if (value === undefined) return undefined
    at = next
    object[names[f]!] = value
  }
  return at === end - 1 && buffer[at] === 0x7d ? object : undefined
}

/** `at` is before `end`. What follows the value is not looked at: the caller knows what must be there. */
function valueAt(buffer: Buffer, at: number, end: number): unknown {
  const first = buffer[at]!
  if (first === 0x22) return stringAt(buffer, at + 1, end)
  if (first <= 0x39) return numberAt(buffer, at, end)
  return wordAt(buffer, at, end)
}

function stringAt(buffer: Buffer, start: number, end: number): string | undefined {
  let seen = 0
  for (let at = start; at < end; at++) {
    const byte = buffer[at]!
    if (byte === 0x22) {
      next = at + 1
      // Quotes are never part of a longer character, so the bytes between two of them are UTF-8 by themselves or not.
      return seen < 0x80 ? latin1Text(buffer, start, at) : utf8Text(buffer, start, at)
    }
    if (byte < 0x20 || byte === 0x5c) return undefined
    seen |= byte
  }
  return undefined
}

function numberAt(buffer: Buffer, start: number, end: number): number | undefined {
  const negative = buffer[start] === 0x2d
  const first = negative ? start + 1 : start
  let at = first
  let digits = 0
  let digit = 0
  while (at < end && (digit = buffer[at]! - 0x30) >= 0 && digit <= 9) {
    digits = 10 * digits + digit
    at++
  }
  let count = at - first
  if (count === 0 || (count > 1 && buffer[first] === 0x30)) return undefined
  let decimals = 0
  if (at < end && buffer[at] === 0x2e) {
    const point = at++
    while (at < end && (digit = buffer[at]! - 0x30) >= 0 && digit <= 9) {
      digits = 10 * digits + digit
      at++
    }
    decimals = at - point - 1
    if (decimals === 0) return undefined
    count += decimals
  }
  next = at
  return exactDecimal(digits, count, decimals, negative)
}

function wordAt(b: Buffer, at: number, end: number): boolean | null | undefined {
  if (end - at < 5) return undefined
  if (b[at] === 0x74) {
    next = at + 4
    return b[at + 1] === 0x72 && b[at + 2] === 0x75 && b[at + 3] === 0x65 ? true : undefined
  }
  if (b[at] === 0x6e) {
    next = at + 4
    return b[at + 1] === 0x75 && b[at + 2] === 0x6c && b[at + 3] === 0x6c ? null : undefined
  }
  next = at + 5
  return b[at] === 0x66 &&
    b[at + 1] === 0x61 &&
    b[at + 2] === 0x6c &&
    b[at + 3] === 0x73 &&
    b[at + 4] === 0x65
    ? false
    : undefined
}
