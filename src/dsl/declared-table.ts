import { isDeepStrictEqual } from 'node:util'
import { TopologyError } from '../core/errors.ts'
import { isPromise } from '../core/maybe-promise.ts'
import type { Serde } from '../serdes/serde.ts'
import type { KeyValueStoreSpec, VersionedStoreSpec } from '../state/store-spec.ts'
import type { StoreRef } from '../state/store.ts'
import type { Mapper, Predicate } from './callbacks.ts'
import type { DeclaredTableState } from './declared.ts'
import { DeclaredGroupedTable } from './declared-grouped-table.ts'
import { DerivedTable } from './derived-table.ts'
import type {
  DerivedTableOptions,
  GroupedOptions,
  IndexOptions,
  NamedOptions,
  TransformValuesOptions,
} from './operator-options.ts'
import { TableGroupProcessor, type GroupSelector } from './processors/table-group.ts'
import { TableToStreamProcessor } from './processors/table-to-stream.ts'
import { TableTransformProcessor, type TableTransform } from './processors/table-transform.ts'
import { neededSerde } from './serde-needed.ts'
import { storeOptions, type StoreOption } from './store-options.ts'
import type { KGroupedTable, KStream, KTable, KTableIndex, TableStore } from './streams.ts'
import type { SuppressOptions } from './suppress-options.ts'
import { indexTable, type IndexSelector } from './table-index.ts'
import { tableStore } from './table-store.ts'
import { suppressTable } from './table-suppress.ts'
import { transformTableValues } from './table-transform-values.ts'
import type { ValueTransformerSupplier } from './value-transformer.ts'

/** A table as the builder makes it. Source: Java's `KTableImpl`. */
export class DeclaredTable<K, V> implements KTable<K, V> {
  declare readonly storeType?: TableStore<K, V>
  readonly state: DeclaredTableState<K, V>

  constructor(state: DeclaredTableState<K, V>) {
    this.state = state
  }

  get storeName(): string {
    const name = this.state.backing.storeName()
    if (name !== undefined) return name
    throw new TopologyError(
      `The table ${this.state.name} is not held in a store, so it cannot be read by name. ` +
        "Give the operator that makes it a store: { store: 'a-name' }.",
    )
  }

  filter<Out extends V>(
    predicate: Predicate<K, V>,
    options: DerivedTableOptions<K> = {},
  ): KTable<K, Out> {
    return this.filtered(predicate, true, options) as unknown as KTable<K, Out>
  }

  filterNot(predicate: Predicate<K, V>, options: DerivedTableOptions<K> = {}): KTable<K, V> {
    return this.filtered(predicate, false, options)
  }

  mapValues<VOut>(
    mapper: Mapper<K, V, VOut | null>,
    options: DerivedTableOptions<K> & { readonly value?: Serde<VOut> } = {},
  ): KTable<K, VOut> {
    return this.derived('KTABLE-MAPVALUES-', mapper, false, options.value, options)
  }

  index<I>(
    name: string,
    selector: IndexSelector<I, K, V>,
    options: IndexOptions<I>,
  ): KTableIndex<I, K, V> {
    return indexTable(this.state, name, selector, options)
  }

  transformValues<VOut>(
    supplier: ValueTransformerSupplier<K, V, VOut, never>,
    options: TransformValuesOptions<K, VOut, readonly StoreRef[]> = {},
  ): KTable<K, VOut> {
    // The stores' types are the caller's; here they are any.
    const transformers = supplier as unknown as ValueTransformerSupplier<K, V, VOut>
    return transformTableValues(this.state, transformers, options)
  }

  suppress(options: SuppressOptions<K>): KTable<K, V> {
    return suppressTable(this.state, options)
  }

  toStream(options: NamedOptions = {}): KStream<K, V | null> {
    const { plan } = this.state
    const name = plan.processorName('KTABLE-TOSTREAM-', options.name)
    const node = plan.add([this.state.node], {
      name,
      write(topology, parents) {
        topology.addProcessor(name, () => new TableToStreamProcessor<K, V>(), {
          parents,
          keepsKey: true,
        })
      },
    })
    // The serde never sees a null, so the one of the values serves for values and absence.
    const value = this.state.value as Serde<V | null> | undefined
    return this.state.handles.stream<K, V | null>({
      ...this.state,
      name,
      node,
      value,
      repartitionRequired: false,
    })
  }

  groupBy<KOut, VOut>(
    selector: GroupSelector<K, V, KOut, VOut>,
    options: GroupedOptions<KOut, VOut>,
  ): KGroupedTable<KOut, VOut> {
    const { plan, backing, handles } = this.state
    const name = plan.processorName('KTABLE-SELECT-', options.name)
    const node = plan.add([this.state.node], {
      name,
      write(topology, parents) {
        const supplier = (): TableGroupProcessor<K, V, KOut, VOut> =>
          new TableGroupProcessor(selector, isDeepStrictEqual, backing.isVersioned())
        topology.addProcessor(name, supplier, { parents })
      },
    })
    backing.sendOldValues(true)
    return new DeclaredGroupedTable({
      plan,
      handles,
      name,
      node,
      key: options.key,
      value: neededSerde(options.value, 'value', `groupBy ${name}`, 'is repartitioned'),
      groupName: options.name,
    })
  }

  private filtered(
    predicate: Predicate<K, V>,
    wanted: boolean,
    options: DerivedTableOptions<K>,
  ): KTable<K, V> {
    const keep = (answer: boolean, value: V): V | null => (answer === wanted ? value : null)
    const compute: Mapper<K, V, V | null> = (value, key, context) => {
      const answer = predicate(value, key, context)
      return isPromise(answer) ? answer.then((said) => keep(said, value)) : keep(answer, value)
    }
    return this.derived('KTABLE-FILTER-', compute, true, this.state.value, options)
  }

  private derived<VOut>(
    prefix: string,
    compute: Mapper<K, V, VOut | null>,
    isFilter: boolean,
    value: Serde<VOut> | undefined,
    options: { readonly name?: string; readonly store?: StoreOption },
  ): KTable<K, VOut> {
    const { plan, backing, key } = this.state
    const store = storeOptions(options.store)
    const name = plan.processorName(prefix, options.name)
    const transform: TableTransform<K, V, VOut> = {
      compute,
      dropsAbsent: isFilter,
      storeName: store.name,
      storeIsVersioned: store.versioned !== undefined,
      parentIsVersioned: backing.isVersioned(),
      // Where old values come anyway, they keep a filter from sending deletions of what it never let pass.
      sendOldValues: isFilter && backing.sendOldValues(false),
    }
    const specs: (KeyValueStoreSpec<K, VOut> | VersionedStoreSpec<K, VOut>)[] = []
    if (store.name !== undefined) {
      specs.push(
        tableStore(store, {
          name: store.name,
          key: neededSerde(key, 'key', name, 'is held in a store'),
          value: neededSerde(value, 'value', name, 'is held in a store'),
        }),
      )
    }
    const node = plan.add([this.state.node], {
      name,
      write(topology, parents) {
        topology.addProcessor(name, () => new TableTransformProcessor(transform), {
          parents,
          keepsKey: true,
          stores: specs,
        })
      },
    })
    return this.state.handles.table<K, VOut>({
      ...this.state,
      name,
      node,
      value,
      backing: new DerivedTable(backing, transform),
    })
  }
}
