import type { SimulationDifference } from './simulation-result.ts'
import { readable } from './logged-records.ts'

/**
 * How the records of an output topic are held against what is expected, key by key: the very `sequence`; `each` of them
 * in any order; the `latest` one alone; or what all of them come to, {@link MergedOutput}.
 *
 * What comes through a repartition from several partitions meets in no settled order, and only what does not hang on
 * that can be asked for.
 */
export type OutputComparison = 'sequence' | 'each' | 'latest' | MergedOutput

/**
 * For values that only ever grow, as a maximum or a set, which repeating an input changes nothing of. The latest one must
 * be right; and where two workers may have processed the same at a time, as under `at_least_once`, the merge of all that
 * was put out, since the later of the two need not have known what the earlier one did.
 */
export interface MergedOutput {
  /** The smallest value that holds both. */
  readonly merge: (one: Buffer, other: Buffer) => Buffer
}

/** What there is to compare of a record. */
export interface ComparedRecord {
  readonly partition?: number
  readonly key: Buffer | null
  readonly value: Buffer | null
}

/** How strictly records are compared. */
export interface ComparisonRules {
  readonly topic: string
  readonly comparison: OutputComparison
  /** Whether records may be there more often than expected, as under at_least_once. */
  readonly duplicatesAllowed: boolean
  /** Whether two workers may have processed the same at a time, unhindered by each other. */
  readonly zombiesAllowed: boolean
}

/** The first difference; undefined where there is none. */
export function compareRecords(
  rules: ComparisonRules,
  expected: readonly ComparedRecord[],
  got: readonly ComparedRecord[],
): SimulationDifference | undefined {
  const wanted = byKey(expected)
  const found = byKey(got)
  for (const key of new Set([...wanted.keys(), ...found.keys()])) {
    const difference = compareKey(rules, wanted.get(key) ?? [], found.get(key) ?? [])
    if (difference) return difference
  }
  return undefined
}

function compareKey(
  { topic, comparison, duplicatesAllowed, zombiesAllowed }: ComparisonRules,
  expected: readonly ComparedRecord[],
  got: readonly ComparedRecord[],
): SimulationDifference | undefined {
  const { key, partition } = got[0] ?? expected[0]!
  const place = { what: 'output', topic, partition, key: readable(key) } as const
  const of = (one: string, other: string): SimulationDifference | undefined =>
    one === other ? undefined : { ...place, expected: one, got: other }
  if (typeof comparison === 'object' && zombiesAllowed) {
    return of(readable(merged(comparison, expected)), readable(merged(comparison, got)))
  }
  if (comparison === 'latest' || typeof comparison === 'object') {
    return of(text(expected.at(-1)), text(got.at(-1)))
  }
  const wanted = expected.map(text)
  const found = got.map(text)
  if (duplicatesAllowed) {
    const missing = wanted.find((each) => !found.includes(each))
    return missing === undefined ? undefined : of(missing, `${found.join(', ')}, without it`)
  }
  if (comparison === 'each') {
    wanted.sort()
    found.sort()
  }
  const at = wanted.findIndex((each, i) => each !== found[i])
  if (at < 0 && wanted.length === found.length) return undefined
  const first = at < 0 ? wanted.length : at
  return of(excerpt(wanted, first), excerpt(found, first))
}

/** What is at a place, with what comes before and after it. */
function excerpt(values: readonly string[], at: number): string {
  const from = Math.max(0, at - 2)
  const shown = values.slice(from, at + 3)
  const before = from > 0 ? [`… ${from} before`] : []
  const left = values.length - from - shown.length
  const after = left > 0 ? [`… ${left} more`] : []
  return [...before, ...shown, ...after].join(', ') || '(nothing)'
}

/** What all values come to; undefined where there is none. */
function merged({ merge }: MergedOutput, records: readonly ComparedRecord[]): Buffer | undefined {
  let all: Buffer | undefined
  for (const { value } of records) {
    if (value !== null) all = all === undefined ? value : merge(all, value)
  }
  return all
}

function text(record: ComparedRecord | undefined): string {
  return readable(record?.value)
}

function byKey(records: readonly ComparedRecord[]): Map<string, ComparedRecord[]> {
  const found = new Map<string, ComparedRecord[]>()
  for (const record of records) {
    const name = record.key === null ? 'null' : `=${record.key.toString('latin1')}`
    const same = found.get(name)
    if (same) same.push(record)
    else found.set(name, [record])
  }
  return found
}
