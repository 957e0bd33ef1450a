import { long, string } from 'millrace/serdes'
import type { Broker, Isolation } from '../../../src/broker/port.ts'
import { counts, echoes, maxima, minima, numbers, partitions, sums } from './topology.ts'
import type { StoreRow } from './worker-process.ts'

/** What was wrong with the committed output, by kind; all zero is exactly once. */
export interface Verdict {
  /** Records read. */
  readonly inputs: number
  /** Records of all outputs. */
  readonly outputs: number
  readonly missing: number
  readonly surplus: number
  readonly wrong: number
  readonly wrongRows: number
  /** The first few faults, in words. */
  readonly examples: readonly string[]
}

/** So many that it can be seen which partitions and outputs are concerned. */
const examplesMax = 200

type ByKey = Map<string, bigint[]>

/**
 * Recomputes every output from the committed input, and compares record by record, in order, for each key; then what the
 * stores hold. Source: `EosTestDriver.verify` of Kafka Streams' system tests.
 */
export async function verify(broker: Broker, rows: readonly StoreRow[]): Promise<Verdict> {
  const input = await readByKey(broker, numbers.name)
  const running = (step: (before: bigint | undefined, value: bigint) => bigint): ByKey =>
    new Map([...input].map(([key, values]) => [key, fold(values, step)]))
  const expected: readonly [string, string | undefined, ByKey][] = [
    [echoes.name, undefined, input],
    [minima.name, 'min', running((min, value) => (min === undefined || value < min ? value : min))],
    [sums.name, 'sum', running((sum = 0n, value) => sum + value)],
    [maxima.name, 'max', running((max, value) => (max === undefined || value > max ? value : max))],
    [counts.name, 'count', running((count = 0n) => count + 1n)],
  ]
  const verdict = { inputs: 0, outputs: 0, missing: 0, surplus: 0, wrong: 0, wrongRows: 0 }
  const examples: string[] = []
  for (const values of input.values()) verdict.inputs += values.length
  for (const [topic, store, byKey] of expected) {
    const found = await readByKey(broker, topic)
    for (const key of new Set([...byKey.keys(), ...found.keys()])) {
      compare(`${topic} ${key}`, byKey.get(key) ?? [], found.get(key) ?? [], verdict, examples)
    }
    if (store !== undefined) verdict.wrongRows += compareRows(store, byKey, rows, examples)
  }
  return { ...verdict, examples: examples.slice(0, examplesMax) }
}

function fold(
  values: readonly bigint[],
  step: (before: bigint | undefined, value: bigint) => bigint,
): bigint[] {
  let state: bigint | undefined
  return values.map((value) => (state = step(state, value)))
}

function compare(
  place: string,
  expected: readonly bigint[],
  found: readonly bigint[],
  verdict: { outputs: number; missing: number; surplus: number; wrong: number },
  examples: string[],
): void {
  verdict.outputs += found.length
  verdict.missing += Math.max(0, expected.length - found.length)
  verdict.surplus += Math.max(0, found.length - expected.length)
  const at = found.findIndex((value, index) => index < expected.length && value !== expected[index])
  if (at >= 0) verdict.wrong++
  if (at < 0 && expected.length === found.length) return
  examples.push(
    `${place}: ${found.length} instead of ${expected.length} records; from ${Math.max(at, 0)}: ` +
      `${found.slice(Math.max(at, 0), at + 5).join(' ')} instead of ${expected.slice(Math.max(at, 0), at + 5).join(' ')}`,
  )
}

/** Each key has one row in one worker's store, with its last value. */
function compareRows(
  store: string,
  byKey: ByKey,
  rows: readonly StoreRow[],
  examples: string[],
): number {
  const found = new Map<string, string[]>()
  for (const row of rows) {
    if (row.store === store) found.set(row.key, [...(found.get(row.key) ?? []), row.value])
  }
  let wrong = 0
  for (const key of new Set([...byKey.keys(), ...found.keys()])) {
    const [expected, values] = [String(byKey.get(key)?.at(-1)), found.get(key) ?? []]
    if (values.length === 1 && values[0] === expected) continue
    wrong++
    examples.push(`store ${store} ${key}: [${values.join(' ')}] instead of ${expected}`)
  }
  return wrong
}

/** The values of each key, in order: a key's records are all in one partition. */
async function readByKey(broker: Broker, topic: string): Promise<ByKey> {
  const byKey: ByKey = new Map()
  const isolation: Isolation = 'read_committed'
  const places = Array.from({ length: partitions }, (_, partition) => ({ topic, partition }))
  const open = new Map<number, number>()
  for (const { partition, offset } of await broker.listOffsets(places, 'latest', isolation)) {
    if (offset > 0) open.set(partition, offset)
  }
  await using fetcher = broker.openFetcher({ isolation })
  fetcher.assign(places.map((place) => ({ ...place, offset: 0 })))
  const signal = AbortSignal.timeout(60_000)
  while (open.size > 0) {
    for (const { partition, records, nextOffset } of await fetcher.poll({
      timeoutMs: 500,
      signal,
    })) {
      while (records.next()) {
        const { buffer, keyStart, keyEnd, valueStart, valueEnd } = records
        const key = string().deserialize(buffer.subarray(keyStart, keyEnd), { topic, part: 'key' })
        const value = long().deserialize(buffer.subarray(valueStart, valueEnd), {
          topic,
          part: 'value',
        })
        const values = byKey.get(key)
        if (values === undefined) byKey.set(key, [value])
        else values.push(value)
      }
      if (nextOffset >= (open.get(partition) ?? 0)) open.delete(partition)
    }
  }
  return byKey
}
