import { TopologyError } from '../core/errors.ts'
import type { Serde } from '../serdes/serde.ts'
import { indexSlotSerde, type IndexSlot } from '../state/index-slot.ts'
import { keyValueStore } from '../state/key-value-store-spec.ts'
import type { KeyValueStore, ReadOnlyKeyValueStore, StoreRef } from '../state/store.ts'
import { indexedRows, type IndexRef, type TableIndex } from '../state/table-index.ts'
import type { ProcessorContext } from '../topology/processor.ts'
import type { ProcessorNode } from '../topology/topology-plan.ts'
import type { DeclaredTableState } from './declared.ts'
import type { LogicalNode } from './logical-node.ts'
import type { IndexOptions } from './operator-options.ts'
import { TableIndexProcessor, type TableIndexing } from './processors/table-index.ts'
import { neededSerde } from './serde-needed.ts'
import { storeOptions } from './store-options.ts'

/** The index keys of a row: one, several, or none. */
export type IndexSelector<I, K, V> = (value: V, key: K) => I | readonly I[] | null | undefined

const present: Serde<true> = {
  name: 'present',
  serialize: () => Buffer.of(1),
  deserialize: () => true,
}

/** An index as the builder makes it. */
export class DeclaredIndex<I, K, V>
  implements IndexRef<I, K, V>, StoreRef<KeyValueStore<IndexSlot<I, K>, true>>
{
  readonly storeName: string
  readonly keysOf: (value: V, key: K) => readonly I[]
  readonly table: StoreRef<ReadOnlyKeyValueStore<K, V>>
  /** The operator that adds the index's store. */
  readonly indexNode: LogicalNode

  constructor(indexing: TableIndexing<I, K, V>, indexNode: LogicalNode) {
    this.storeName = indexing.storeName
    this.keysOf = indexing.keysOf
    this.table = { storeName: indexing.tableStoreName() }
    this.indexNode = indexNode
  }

  from(context: ProcessorContext<never, never>): TableIndex<I, K, V> {
    const stores = {
      index: context.store(this.storeName) as KeyValueStore<IndexSlot<I, K>, true>,
      table: context.store(this.table.storeName) as KeyValueStore<K, V>,
      keysOf: this.keysOf,
    }
    return { get: (indexKey) => indexedRows(stores, indexKey) }
  }
}

/** Adds the step that keeps an index of a table. */
export function indexTable<I, K, V>(
  table: DeclaredTableState<K, V>,
  storeName: string,
  selector: IndexSelector<I, K, V>,
  options: IndexOptions<I>,
): DeclaredIndex<I, K, V> {
  const { plan, backing } = table
  const name = plan.processorName('KTABLE-INDEX-', options.name)
  const tableStoreName = backing.materialize()
  if (tableStoreName === undefined || !backing.sendOldValues(true)) {
    throw new TopologyError(
      `The index ${storeName} is of the table ${table.name}, which is not held in a store. ` +
        "Give the operator that makes the table one: { store: 'a-name' }.",
    )
  }
  const indexing: TableIndexing<I, K, V> = {
    storeName,
    tableStoreName: () => tableStoreName,
    keysOf: (value, key) => listed(selector(value, key)),
  }
  const key = neededSerde(table.key, 'key', `The index ${storeName}`, 'is held in a store')
  const spec = keyValueStore({
    ...storeOptions(options.store),
    name: storeName,
    key: indexSlotSerde(options.key, key),
    value: present,
  })
  const node = plan.add([table.node], {
    name,
    boundToPartition: true,
    write(topology, parents) {
      const supplier = (() => new TableIndexProcessor(indexing)) as ProcessorNode['supplier']
      const stores = [spec, { storeName: tableStoreName }]
      topology.addProcessor(name, supplier, { parents, stores })
    },
  })
  return new DeclaredIndex(indexing, node)
}

function listed<I>(selected: I | readonly I[] | null | undefined): readonly I[] {
  if (selected === null || selected === undefined) return []
  return Array.isArray(selected) ? (selected as readonly I[]) : [selected as I]
}
