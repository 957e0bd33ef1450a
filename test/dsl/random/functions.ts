import type { Windowed } from 'millrace'

// What random topologies compute: the oracle's RandomFunctions.java has the same. Each is chosen by a number. What
// they take and give is unknown to the compiler, for the topologies' types are random too.

const words = ['a', 'b', 'c', 'd', 'e'] as const

function text(value: unknown): string {
  if (typeof value === 'object' && value !== null) {
    const { key, startMs, endMs } = value as Windowed<string>
    return `${key}@${startMs}-${endMs}`
  }
  return String(value as string | number | null)
}

/** Java's hash of a string, 32 bits with a sign. */
function hash(of: string): number {
  let result = 0
  for (let i = 0; i < of.length; i++) result = (Math.imul(result, 31) + of.charCodeAt(i)) | 0
  return result
}

function pick(f: number, key: unknown, value: unknown, choices: number): number {
  const rest = hash(`${f}/${text(key)}/${text(value)}`) % choices
  return rest < 0 ? rest + choices : rest
}

/** Keeps texts from growing without end. */
function cut(long: string): string {
  return long.length <= 14 ? long : `${long.slice(0, 5)}~${(hash(long) >>> 0).toString(36)}`
}

export function predicate(f: number, key: unknown, value: unknown): boolean {
  return pick(f, key, value, 4) !== 0
}

export function mapped(f: number, key: unknown, value: unknown): unknown {
  switch (f % 4) {
    case 0:
      return cut(text(value) + words[f % 5]!)
    case 1:
      return words[pick(f, null, value, 5)]!
    case 2:
      return cut(text(key) + text(value))
    default:
      return pick(f, key, value, 4) === 0 ? null : cut(`${text(value)}!`)
  }
}

/** Values that are never null. */
export function several(f: number, key: unknown, value: unknown): unknown[] {
  return Array.from({ length: pick(f, key, value, 3) }, (_, i) => cut(`${text(value)}${i}`))
}

export function rekeyed(f: number, key: unknown, value: unknown): unknown {
  const choice = pick(f, key, value, 12)
  return choice === 11 ? null : words[choice % 5]!
}

export interface Pair {
  readonly key: unknown
  readonly value: unknown
}

export function pair(f: number, key: unknown, value: unknown): Pair {
  return { key: rekeyed(f, key, value), value: mapped(f, key, value) }
}

export function pairs(f: number, key: unknown, value: unknown): Pair[] {
  return Array.from({ length: pick(f, key, value, 3) }, (_, i) => pair(f + i, key, value))
}

export function reduced(f: number, a: unknown, b: unknown): unknown {
  if (typeof a === 'number') return a + (b as number)
  if (f % 3 === 2 && pick(f, a, b, 6) === 0) return null
  if (f % 3 !== 1) return cut(text(a) + text(b))
  return text(a) > text(b) ? text(a) : text(b)
}

export function unreduced(_f: number, a: unknown, b: unknown): unknown {
  return typeof a === 'number' ? a - (b as number) : cut(`${text(a)}-${text(b)}`)
}

export function aggregated(f: number, key: unknown, value: unknown, all: unknown): unknown {
  if (f % 4 === 3 && pick(f, key, value, 6) === 0) return null
  return cut(text(all) + (f % 2 === 0 ? '' : text(key)) + text(value))
}

export function disaggregated(f: number, key: unknown, value: unknown, all: unknown): unknown {
  if (f % 4 === 3 && pick(f, key, value, 6) === 0) return null
  return cut(`${text(all)}-${text(value)}`)
}

export function sessionsMerged(_f: number, _key: unknown, a: unknown, b: unknown): unknown {
  return cut(`${text(a)}&${text(b)}`)
}

export function joined(f: number, key: unknown, a: unknown, b: unknown): unknown {
  if (f % 5 === 4 && pick(f, a, b, 5) === 0) return null
  return cut(`${f % 2 === 0 ? '' : text(key)}${text(a)}+${text(b)}`)
}
