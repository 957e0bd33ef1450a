import { createHash } from 'node:crypto'
import { StreamsBuilder, type BuildOptions, type OptimizationName } from 'millrace'
import { bytes } from 'millrace/serdes'
import { TestVersionedStore, TopologyTestDriver, type TestKeyValueStore } from 'millrace/testing'
import { StreamsError } from '../../../src/core/errors.ts'
import { declareRandom } from './declare.ts'
import type { CaseResult, CaseSpec } from './spec.ts'

/** Runs a random case through Millrace; gives the contents of these stores. */
export async function runCase(spec: CaseSpec, stores: readonly string[]): Promise<CaseResult> {
  try {
    const builder = new StreamsBuilder()
    declareRandom(builder, spec.ops)
    const topology = builder.build({ optimize: optimizationsOf(spec) })
    await using driver = await TopologyTestDriver.create(topology, { applicationId: 'oracle' })
    const serdes = { key: bytes(), value: bytes() }
    for (const [topic, key, value, timestampMs] of spec.inputs) {
      const record = { key: bufferOf(key), value: bufferOf(value), timestampMs }
      await driver.input(topic, serdes).pipe(record)
    }
    return {
      describe: topology.describe(),
      outputs: outputsOf(driver),
      stores: Object.fromEntries(
        stores.map((store) => [store, entriesOf(driver.store(store), spec.inputs).map(storeRow)]),
      ),
    }
  } catch (error) {
    if (!(error instanceof StreamsError)) throw error
    return { refused: error.message }
  }
}

function optimizationsOf({ config }: CaseSpec): NonNullable<BuildOptions['optimize']> {
  const named = config?.['topology.optimization'] ?? 'none'
  return named === 'all' || named === 'none' ? named : (named.split(',') as OptimizationName[])
}

/** Stands for a topology's description in committed cases. */
export function digestOf(description: string): string {
  return createHash('sha256').update(description).digest('hex').slice(0, 12)
}

/** The first difference between two results, in words; undefined where they agree. */
export function difference(java: CaseResult, ours: CaseResult): string | undefined {
  if ('refused' in java || 'refused' in ours) {
    if (isUnbuildable(java) || ('refused' in java && 'refused' in ours)) return undefined
    return 'refused' in java
      ? `Kafka Streams refuses: ${java.refused}`
      : `Millrace refuses: ${(ours as { refused: string }).refused}`
  }
  if (java.describe !== ours.describe) {
    return `the descriptions differ:\n${java.describe}\n--- Millrace:\n${ours.describe}`
  }
  return (
    partsDiffer('the topic', java.outputs, ours.outputs) ??
    partsDiffer('the store', sorted(java.stores), sorted(ours.stores))
  )
}

/**
 * Kafka Streams declares some sound topologies in an order in which it cannot build them: it adds a node that reads a
 * table before the table's own.
 */
export function isUnbuildable(java: CaseResult): boolean {
  return 'refused' in java && java.refused.endsWith('is not added yet.')
}

type Parts = Readonly<Record<string, readonly unknown[][]>>

function partsDiffer(what: string, java: Parts, ours: Parts): string | undefined {
  for (const name of new Set([...Object.keys(java), ...Object.keys(ours)])) {
    const expected = (java[name] ?? []).map((row) => JSON.stringify(row))
    const given = (ours[name] ?? []).map((row) => JSON.stringify(row))
    const at = Array.from(expected.length > given.length ? expected : given).findIndex(
      (_, i) => expected[i] !== given[i],
    )
    if (at < 0) continue
    return `${what} ${name} differs at row ${at} (${expected.length} rows in Kafka Streams, ${given.length} in Millrace):
  Kafka Streams: ${expected[at]}
  Millrace:      ${given[at]}`
  }
  return undefined
}

function sorted(stores: Parts): Parts {
  const text = (row: unknown[]): string => JSON.stringify(row)
  const inOrder = (rows: readonly unknown[][]): unknown[][] =>
    [...rows].sort((a, b) => (text(a) < text(b) ? -1 : 1))
  return Object.fromEntries(Object.entries(stores).map(([name, rows]) => [name, inOrder(rows)]))
}

function outputsOf(driver: TopologyTestDriver): Parts {
  const topics = driver.producedTopics.filter((name) => name.startsWith('out')).sort()
  const serdes = { key: bytes(), value: bytes() }
  return Object.fromEntries(
    topics.map((topic) => [
      topic,
      driver
        .output(topic, serdes)
        .readRecords()
        .map(({ key, value, timestampMs }) => [textOf(key), textOf(value), timestampMs]),
    ]),
  )
}

/** All that a store holds; of a versioned store what it gives for the keys and times that went in. */
function entriesOf(
  store: ReturnType<TopologyTestDriver['store']>,
  inputs: CaseSpec['inputs'],
): readonly object[] {
  if (!(store instanceof TestVersionedStore))
    return (store as TestKeyValueStore<unknown, unknown>).all()
  const texts = inputs.flatMap(([, key, value]) => [key, value])
  const keys = [...new Set(texts)].filter((text) => text !== null).sort()
  const times = [...new Set(inputs.map(([, , , timestampMs]) => timestampMs))]
  return keys.flatMap((key) =>
    times.flatMap((asOfMs) => {
      const version = store.get(key, asOfMs)
      return version === undefined ? [] : [{ ...version, key, asOfMs }]
    }),
  )
}

/** An entry as the oracle writes it: key, window, value, and times where its kind of store keeps them there too. */
function storeRow(entry: object): unknown[] {
  const { key, value, ...rest } = entry as Record<string, unknown>
  const { windowStartMs, startMs, endMs, timestampMs, asOfMs } = rest
  if (startMs !== undefined) return [key, startMs, endMs, value]
  if (windowStartMs !== undefined) return [key, windowStartMs, value, timestampMs]
  return asOfMs === undefined ? [key, value, timestampMs] : [key, asOfMs, value, timestampMs]
}

function bufferOf(text: string | null): Buffer | null {
  return text === null ? null : Buffer.from(text)
}

/** Bytes as text where they are plain ASCII, else in hexadecimal. */
function textOf(of: Buffer | null): string | null {
  if (of === null) return null
  return of.every((byte) => byte >= 32 && byte <= 126) ? of.toString() : `0x${of.toString('hex')}`
}
