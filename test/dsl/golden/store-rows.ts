import type { TopologyTestDriver } from 'millrace/testing'
import type { AsOfRead, Step } from './vector.ts'

/** The stores of the test driver, as far as their contents are compared. */
interface AnyTestStore {
  all?(): readonly object[]
  versions?(key: unknown): readonly object[]
  get?(key: unknown, asOfMs: number): object | undefined
}

/** All that a store holds; of a versioned store, all versions of the texts that went in. */
export function entriesOf(
  driver: TopologyTestDriver,
  name: string,
  inputs: readonly Step[],
): readonly object[] {
  const store = driver.store(name) as AnyTestStore
  if (!store.versions) return store.all!()
  const records = inputs.filter((step) => 'topic' in step)
  const texts = records.flatMap(({ key, value }) => [key, value])
  const keys = new Set(texts.filter((text) => typeof text === 'string'))
  return [...keys].flatMap((key) =>
    store.versions!(key).map((version) => {
      return { key, ...version }
    }),
  )
}

/** Entries with the fields that the oracle writes for their kind of store, in an order of their own. */
export function storeRows(entries: readonly object[], like: readonly object[]): object[] {
  const fields = new Set(like.flatMap((row) => Object.keys(row)))
  return sortedRows(
    entries.map((entry) => {
      const given = Object.entries(entry).filter(([, value]) => value !== undefined)
      const wanted = given.filter(([field]) => fields.size === 0 || fields.has(field))
      return Object.fromEntries(wanted.map(([field, value]) => [field, plain(value)]))
    }),
  )
}

/** Rows by their text: windows come by start here, and by segment and key in Kafka Streams' store on disk. */
export function sortedRows(rows: readonly object[]): object[] {
  const text = (row: object): string => JSON.stringify(Object.entries(row).sort())
  return [...rows].sort((a, b) => (text(a) < text(b) ? -1 : 1))
}

/** Reads a versioned store as the oracle did. */
export function readAsOf(driver: TopologyTestDriver, read: AsOfRead): object {
  const { store, key, asOfMs } = read
  const version = (driver.store(store) as AnyTestStore).get!(key, asOfMs)
  const [row] = storeRows(version === undefined ? [{ value: null }] : [version], [read])
  return { store, key, asOfMs, ...row }
}

/** A key or value as the oracle writes it. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value)
  if (Buffer.isBuffer(value)) return { hex: value.toString('hex') }
  return value
}
