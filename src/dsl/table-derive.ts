import { isPromise } from '../core/maybe-promise.ts'
import type { Serde } from '../serdes/serde.ts'
import type { Mapper, Predicate } from './callbacks.ts'
import type { DeclaredTableState } from './declared.ts'
import { DerivedTable } from './derived-table.ts'
import type { DerivedTableOptions } from './operator-options.ts'
import { TableTransformProcessor, type TableTransform } from './processors/table-transform.ts'
import { storeOptions } from './store-options.ts'
import type { KTable } from './k-table.ts'
import { derivedStore } from './table-store.ts'

/** Adds the step that keeps the rows for which a predicate gives the wanted answer. Source: Java's `KTableImpl.doFilter`. */
export function filterTable<K, V>(
  table: DeclaredTableState<K, V>,
  predicate: Predicate<K, V>,
  wanted: boolean,
  options: DerivedTableOptions<unknown>,
): KTable<K, V> {
  const keep = (answer: boolean, value: V): V | null => (answer === wanted ? value : null)
  const compute: Mapper<K, V, V | null> = (value, key, context) => {
    const answer = predicate(value, key, context)
    return isPromise(answer) ? answer.then((said) => keep(said, value)) : keep(answer, value)
  }
  return deriveTable('KTABLE-FILTER-', table, compute, true, { ...options, value: table.value })
}

/** Adds the step that gives a table's rows other values. Source: Java's `KTableImpl.doMapValues`. */
export function mapTableValues<K, V, Out>(
  table: DeclaredTableState<K, V>,
  mapper: Mapper<K, V, Out | null>,
  options: DerivedTableOptions<unknown> & { readonly value?: Serde<Out> },
): KTable<K, Out> {
  return deriveTable('KTABLE-MAPVALUES-', table, mapper, false, options)
}

function deriveTable<K, V, Out>(
  prefix: string,
  table: DeclaredTableState<K, V>,
  compute: Mapper<K, V, Out | null>,
  isFilter: boolean,
  options: DerivedTableOptions<unknown> & { readonly value?: Serde<Out> | undefined },
): KTable<K, Out> {
  const { plan, handles, backing, key } = table
  const { value } = options
  const store = storeOptions(options.store)
  const name = plan.processorName(prefix, options.name)
  const spec = derivedStore(name, store, key, value)
  const transform: TableTransform<K, V, Out> = {
    compute,
    dropsAbsent: isFilter,
    storeName: store.name,
    storeIsVersioned: store.versioned !== undefined,
    parentIsVersioned: backing.isVersioned(),
    // Where old values come anyway, they keep a filter from sending deletions of what it never let pass.
    sendOldValues: isFilter && backing.sendOldValues(false),
  }
  const node = plan.add([table.node], {
    name,
    write(topology, parents) {
      topology.addProcessor(name, () => new TableTransformProcessor(transform), {
        parents,
        keepsKey: true,
        stores: spec ? [spec] : [],
      })
    },
  })
  const derived = new DerivedTable(backing, transform)
  return handles.table<K, Out>({ ...table, name, node, value, backing: derived })
}
