import { exactDecimal } from './exact-decimals.ts'
import type { JsonShape } from './json-shape.ts'

/** JSON.parse reads longer texts as fast or faster. */
const longestText = 128

/** Where the value that was read last ends. */
let next = 0

/** As `readBytesByShape`, of a text. */
export function readTextByShape(shape: JsonShape, text: string): unknown {
  if (text.length > longestText) return undefined
  const { names, openings } = shape
  const object = shape.copier(shape.template)
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

/**
 * A longer part V8 makes a view of the whole text: who keeps a name would keep all that was read with it. JSON.parse
 * copies it, and is quicker at that than anything done here.
 */
const longestPart = 12

function stringAt(text: string, start: number): string | undefined {
  const limit = Math.min(text.length, start + longestPart + 1)
  for (let at = start; at < limit; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x22) {
      next = at + 1
      return text.substring(start, at)
    }
    if (code < 0x20 || code === 0x5c) return undefined
  }
  return undefined
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
  next = at
  return exactDecimal(digits, count, decimals, negative)
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
