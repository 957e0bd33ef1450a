import { latin1Text } from './buffer-text.ts'
import { exactDigits, tenTo } from './exact-decimals.ts'
import type { JsonShape } from './json-shape.ts'

/** Where the value that was read last ends. */
let next = 0

/** As `readBytesByShape`, of a text. */
export function readTextByShape(shape: JsonShape, text: string): unknown {
  const { names, openings } = shape
  const object: Record<string, unknown> = { ...shape.template }
  const end = text.length
  let at = 0
  for (let f = 0; f < names.length; f++) {
    const opening = openings[f]!
    const { length } = opening
    if (end - at <= length) return undefined
    for (let i = 0; i < length; i++) {
      if (text.charCodeAt(at + i) !== opening.charCodeAt(i)) return undefined
    }
    const value = valueAt(text, at + length)
    if (value === undefined) return undefined
    at = next
    object[names[f]!] = value
  }
  return at === end - 1 && text.charCodeAt(at) === 0x7d ? object : undefined
}

/** There is a character at `at`. What follows the value is not looked at: the caller knows what must be there. */
function valueAt(text: string, at: number): unknown {
  const first = text.charCodeAt(at)
  if (first === 0x22) return stringAt(text, at + 1)
  if (first <= 0x39) return numberAt(text, at)
  return wordAt(text, at)
}

/** From here on V8 makes a part of a string a view of the whole, which stays in memory for as long as the part. */
const viewLength = 13
/**
 * Here a longer part is copied, as JSON.parse does: who keeps a name must not keep all that was read with it. What does
 * not fit is left to JSON.parse, which is quicker at long ones.
 */
const copied: Buffer = Buffer.allocUnsafeSlow(32)

function stringAt(text: string, start: number): string | undefined {
  const limit = Math.min(text.length, start + copied.length + 1)
  for (let at = start; at < limit; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x22) {
      next = at + 1
      return at - start < viewLength ? text.substring(start, at) : copyOf(text, start, at)
    }
    if (code < 0x20 || code === 0x5c) return undefined
  }
  return undefined
}

function copyOf(text: string, start: number, end: number): string | undefined {
  for (let at = start; at < end; at++) {
    const code = text.charCodeAt(at)
    if (code > 0xff) return undefined
    copied[at - start] = code
  }
  return latin1Text(copied, 0, end - start)
}

function numberAt(text: string, start: number): number | undefined {
  const end = text.length
  const negative = text.charCodeAt(start) === 0x2d
  const first = negative ? start + 1 : start
  let at = first
  let digits = 0
  let digit = 0
  while (at < end && (digit = text.charCodeAt(at) - 0x30) >= 0 && digit <= 9) {
    digits = 10 * digits + digit
    at++
  }
  let count = at - first
  if (count === 0 || (count > 1 && text.charCodeAt(first) === 0x30)) return undefined
  let decimals = 0
  if (at < end && text.charCodeAt(at) === 0x2e) {
    const point = at++
    while (at < end && (digit = text.charCodeAt(at) - 0x30) >= 0 && digit <= 9) {
      digits = 10 * digits + digit
      at++
    }
    decimals = at - point - 1
    if (decimals === 0) return undefined
    count += decimals
  }
  if (count > exactDigits) return undefined
  next = at
  const value = decimals === 0 ? digits : digits / tenTo[decimals]!
  return negative ? -value : value
}

function wordAt(text: string, at: number): boolean | null | undefined {
  if (text.startsWith('true', at)) {
    next = at + 4
    return true
  }
  if (text.startsWith('null', at)) {
    next = at + 4
    return null
  }
  next = at + 5
  return text.startsWith('false', at) ? false : undefined
}
