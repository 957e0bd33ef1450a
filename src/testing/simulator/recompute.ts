import type { SerdeEnvironment } from '../../serdes/serde.ts'
import { bytes } from '../../serdes/bytes.ts'
import type { TopologyPlan } from '../../topology/topology-plan.ts'
import { testStore, type AnyTestStore } from '../test-stores.ts'
import { TopologyTestDriver } from '../topology-test-driver.ts'
import type { StateStore } from '../../state/store.ts'
import type { ComparedRecord } from './compare-records.ts'
import type { LoggedRecord } from './logged-records.ts'

/** What an application has to come to. */
export interface Recomputed {
  /** By topic. */
  readonly outputs: ReadonlyMap<string, readonly ComparedRecord[]>
  /** Rows of stores, in an order of their own, by the store's name. */
  readonly stores: ReadonlyMap<string, readonly string[]>
}

const raw = { key: bytes(), value: bytes() }

/** Runs the input through the topology once more, in one process and with nothing in its way. */
export async function recompute(
  plan: TopologyPlan,
  environment: SerdeEnvironment,
  input: readonly LoggedRecord[],
  outputTopics: readonly string[],
): Promise<Recomputed> {
  const { schemaRegistry } = environment
  await using driver = await TopologyTestDriver.create(
    { plan: () => plan },
    { applicationId: 'recomputed', ...(schemaRegistry && { schemaRegistry }) },
  )
  for (const { topic, key, value, timestampMs, headers } of input) {
    const piped = driver.input(topic, raw).pipe({ key, value, timestampMs, headers } as never)
    if (piped !== undefined) await piped
  }
  const outputs = new Map<string, ComparedRecord[]>()
  for (const topic of outputTopics) outputs.set(topic, driver.output(topic, raw).readRecords())
  const stores = new Map<string, string[]>()
  for (const { stores: specs } of plan.subTopologies) {
    for (const { storeName } of specs) stores.set(storeName, rowsOf(driver.store(storeName)))
  }
  return { outputs, stores }
}

/** The rows of a store that can be read at hand, each as a text. */
function rowsOf(store: AnyTestStore): string[] {
  return store.all().map((row) => rowText(row))
}

/** The same of a store of a worker's. */
export function rowsOfStore(store: StateStore): string[] {
  return rowsOf(testStore(store))
}

/** What identifies a row, of its text. */
export function keyOfRow(text: string): string {
  const { value: _, ...key } = JSON.parse(text) as { readonly value?: unknown }
  return JSON.stringify(key)
}

function rowText(row: object): string {
  // Of records that meet in no settled order it is by chance which one's time and headers stay.
  return JSON.stringify(row, (name, value: unknown) => {
    if (name === 'timestampMs' || name === 'headers') return undefined
    return typeof value === 'bigint' ? `${value}n` : value
  })
}
