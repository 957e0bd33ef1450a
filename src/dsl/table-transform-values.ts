import type { StoreRef } from '../state/store.ts'
import type { AnyStoreSpec } from '../topology/topology-options.ts'
import { connectedStores } from './connected-stores.ts'
import type { DeclaredTableState } from './declared.ts'
import type { TransformValuesOptions } from './operator-options.ts'
import {
  TableTransformValuesProcessor,
  type TableValuesTransform,
} from './processors/table-transform-values.ts'
import { storeOptions } from './store-options.ts'
import type { KTable } from './k-table.ts'
import { derivedStore } from './table-store.ts'
import { TransformedTable } from './transformed-table.ts'
import type { ValueTransformerSupplier } from './value-transformer.ts'

/** Adds the step that transforms a table's values with the user's code. Source: Java's `KTableImpl.transformValues`. */
export function transformTableValues<K, V, Out>(
  table: DeclaredTableState<K, V>,
  supplier: ValueTransformerSupplier<K, V, Out>,
  options: TransformValuesOptions<unknown, Out, readonly StoreRef[]>,
): KTable<K, Out> {
  const { plan, handles, backing, key } = table
  const store = storeOptions(options.store)
  const name = plan.processorName('KTABLE-TRANSFORMVALUES-', options.name)
  const { refs, requires } = connectedStores(name, options.stores)
  const transform: TableValuesTransform<K, V, Out> = {
    supplier,
    connected: refs.map(({ storeName }) => storeName),
    storeName: store.name,
    storeIsVersioned: store.versioned !== undefined,
    sendOldValues: false,
  }
  const spec = derivedStore(name, store, key, options.value)
  const stores: readonly (StoreRef | AnyStoreSpec)[] = spec ? [...refs, spec] : refs
  const node = plan.add([table.node], {
    name,
    requires,
    boundToPartition: stores.length > 0,
    write(topology, parents) {
      topology.addProcessor(name, () => new TableTransformValuesProcessor(transform), {
        parents,
        keepsKey: true,
        stores,
      })
    },
  })
  return handles.table<K, Out>({
    ...table,
    name,
    node,
    value: options.value,
    backing: new TransformedTable(backing, transform),
  })
}
