import { TopologyError } from '../core/errors.ts'
import type { StateStore, StoreRef } from '../state/store.ts'
import type { DeclaredTableState } from './declared.ts'
import type { LogicalNode } from './logical-node.ts'

/** The stores that the user connects an operator to, as the topology takes them. */
export interface ConnectedStores {
  readonly refs: readonly StoreRef<StateStore>[]
  /** The operators that add those of them that hold tables. */
  readonly requires: readonly LogicalNode[]
}

/**
 * Settles which stores an operator is connected to; a table that can be held in a store is from here on.
 *
 * @throws TopologyError for a table that cannot.
 */
export function connectedStores(
  operator: string,
  stores: readonly StoreRef[] = [],
): ConnectedStores {
  const requires: LogicalNode[] = []
  const refs = stores.flatMap((store): StoreRef[] => {
    if (isIndex(store)) {
      requires.push(store.indexNode)
      return [{ storeName: store.storeName }, { storeName: store.table.storeName }]
    }
    if (!isTable(store)) return [store]
    requireStore(store.state, operator)
    requires.push(store.state.node)
    // A table's own operator adds its store; here it is only named.
    return [{ storeName: store.storeName }]
  })
  return { refs, requires }
}

function isIndex(
  store: StoreRef,
): store is StoreRef & { readonly table: StoreRef; readonly indexNode: LogicalNode } {
  return 'indexNode' in store
}

// Told by what it has: to import the class here would have the two modules need each other.
function isTable(
  store: StoreRef,
): store is StoreRef & { readonly state: DeclaredTableState<unknown, unknown> } {
  return 'state' in store && typeof store.state === 'object' && 'backing' in store.state!
}

function requireStore(table: DeclaredTableState<unknown, unknown>, operator: string): void {
  if (table.backing.materialize() !== undefined) return
  throw new TopologyError(
    `The processor ${operator} uses the table ${table.name}, which is not held in a store. ` +
      "Give the operator that makes the table one: { store: 'a-name' }.",
  )
}
