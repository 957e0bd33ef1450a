import { TopologyError } from '../../core/errors.ts'
import { keyIdentity } from '../../core/key-identity.ts'
import type { Record } from '../../core/record.ts'
import { builtSlot, type IndexSlot } from '../../state/index-slot.ts'
import type { KeyValueEntry, KeyValueStore, StoreIterator } from '../../state/store.ts'
import type { Cancellable, Processor, ProcessorContext } from '../../topology/processor.ts'
import type { Change } from '../change.ts'

/** An index as it is kept up to date. */
export interface TableIndexing<I, K, V> {
  readonly storeName: string
  /** The name of the table's store; settled when the topology is built. */
  readonly tableStoreName: () => string
  readonly keysOf: (value: V, key: K) => readonly I[]
}

/** How many rows an index that is new takes in at once, and how long it waits between, in milliseconds. */
const rowsAtOnce = 1_000
const pauseMs = 5

/**
 * Keeps an index of a table's rows in a store of its own, in the same commits as the table. An index of rows that are
 * there already is built beside processing, in pieces, each of which is part of a commit; until then it is not read.
 */
export class TableIndexProcessor<I, K, V> implements Processor<K, Change<V>> {
  readonly #indexing: TableIndexing<I, K, V>
  #index!: KeyValueStore<IndexSlot<I, K>, true>
  #table!: KeyValueStore<K, V>
  #building: Cancellable | undefined
  /** The row up to which the index was built; undefined before the first. */
  #builtTo: { readonly key: K } | undefined

  constructor(indexing: TableIndexing<I, K, V>) {
    this.#indexing = indexing
  }

  async init(context: ProcessorContext<never, never>): Promise<void> {
    const { storeName, tableStoreName } = this.#indexing
    const table = context.store(tableStoreName())
    if (table.kind !== 'key-value') {
      throw new TopologyError(
        `The index ${storeName} is of the ${table.kind} store ${table.name}; only key-value stores can be indexed.`,
      )
    }
    this.#table = table as KeyValueStore<K, V>
    this.#index = context.store(storeName) as KeyValueStore<IndexSlot<I, K>, true>
    if ((await this.#index.get(builtSlot)) !== undefined) return
    const rows = await take(this.#table.range(), 1)
    if (rows.length === 0) {
      this.#put(builtSlot, 0)
      return
    }
    context.logger.info('Building an index of rows that are there already', { index: storeName })
    this.#building = context.schedule('wall-clock-time', pauseMs, () => this.#buildOn())
  }

  process({ key, value: change, timestampMs }: Record<K, Change<V>>): void {
    const { newValue, oldValue } = change
    const after = this.#slotsOf(key, newValue)
    for (const [id, slot] of this.#slotsOf(key, oldValue)) {
      if (!after.has(id)) this.#index.delete(slot)
    }
    // Those too that were there before: under at least once a change may be known to the table and not to the index.
    for (const slot of after.values()) this.#put(slot, timestampMs)
  }

  async #buildOn(): Promise<void> {
    const from = this.#builtTo
    const range = from ? { from: from.key } : {}
    const rows = await take(this.#table.range(range), rowsAtOnce)
    for (const { key, value, timestampMs } of rows) {
      for (const slot of this.#slotsOf(key, value).values()) this.#put(slot, timestampMs)
    }
    // The row that a walk begins with was the last of the one before.
    const last = rows.at(-1)
    if (last && rows.length > (from ? 1 : 0)) {
      this.#builtTo = last
      return
    }
    this.#put(builtSlot, 0)
    this.#building?.cancel()
  }

  #put(slot: IndexSlot<I, K>, timestampMs: number): void {
    this.#index.put(slot, true, Math.max(0, timestampMs))
  }

  #slotsOf(key: K, value: V | null): Map<string, IndexSlot<I, K>> {
    const slots = new Map<string, IndexSlot<I, K>>()
    if (value === null) return slots
    for (const indexKey of this.#indexing.keysOf(value, key)) {
      slots.set(keyIdentity(indexKey), { indexKey, key })
    }
    return slots
  }
}

/** The first entries of a walk: at least so many, if there are. */
async function take<K, V>(
  scan: StoreIterator<KeyValueEntry<K, V>>,
  atLeast: number,
): Promise<KeyValueEntry<K, V>[]> {
  const rows: KeyValueEntry<K, V>[] = []
  while (rows.length < atLeast) {
    const batch = await scan.nextBatch()
    if (batch.length === 0) break
    rows.push(...batch)
  }
  await scan.close()
  return rows
}
