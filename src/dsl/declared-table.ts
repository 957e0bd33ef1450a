import { isDeepStrictEqual } from 'node:util'
import { TopologyError } from '../core/errors.ts'
import type { Serde } from '../serdes/serde.ts'
import type { StoreRef } from '../state/store.ts'
import type { Joiner, Mapper, Predicate } from './callbacks.ts'
import type { DeclaredTableState } from './declared.ts'
import { DeclaredGroupedTable } from './declared-grouped-table.ts'
import { joinOnForeignKey } from './foreign-key-join/foreign-key-join.ts'
import type {
  DerivedTableOptions,
  ForeignKeyJoinOptions,
  GroupedOptions,
  IndexOptions,
  NamedOptions,
  SerdeOptions,
  TableJoinOptions,
  TransformValuesOptions,
} from './operator-options.ts'
import { TableGroupProcessor, type GroupSelector } from './processors/table-group.ts'
import { TableToStreamProcessor } from './processors/table-to-stream.ts'
import { neededSerde } from './serde-needed.ts'
import type { KStream } from './k-stream.ts'
import type { KGroupedTable, KTable, KTableIndex, TableStore } from './k-table.ts'
import type { SuppressOptions } from './suppress-options.ts'
import { filterTable, mapTableValues } from './table-derive.ts'
import { indexTable, type IndexSelector } from './table-index.ts'
import { suppressTable } from './table-suppress.ts'
import { joinTables, type JoinType } from './table-table-join.ts'
import { transformTableValues } from './table-transform-values.ts'
import type { ValueTransformerSupplier } from './value-transformer.ts'

/** A joiner of any kind of join: what may be absent is null. */
type AnyJoiner<K, V, Other, Out> = Joiner<K, V | null, Other | null, Out | null>

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
    return filterTable(this.state, predicate, true, options) as unknown as KTable<K, Out>
  }

  filterNot(predicate: Predicate<K, V>, options: DerivedTableOptions<K> = {}): KTable<K, V> {
    return filterTable(this.state, predicate, false, options)
  }

  mapValues<VOut>(
    mapper: Mapper<K, V, VOut | null>,
    options: DerivedTableOptions<K> & { readonly value?: Serde<VOut> } = {},
  ): KTable<K, VOut> {
    return mapTableValues(this.state, mapper, options)
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

  join<OtherK, OtherV, VOut>(
    other: KTable<OtherK, OtherV>,
    joiner: Joiner<K, V, OtherV, VOut | null>,
    options: TableJoinOptions<K, VOut> | ForeignKeyJoinOptions<K, V, OtherK, VOut> = {},
  ): KTable<K, VOut> {
    // An inner join calls its joiner with values only, never with null.
    return this.joined('inner', other, joiner as AnyJoiner<K, V, OtherV, VOut>, options)
  }

  leftJoin<OtherK, OtherV, VOut>(
    other: KTable<OtherK, OtherV>,
    joiner: Joiner<K, V, OtherV | null, VOut | null>,
    options: TableJoinOptions<K, VOut> | ForeignKeyJoinOptions<K, V, OtherK, VOut> = {},
  ): KTable<K, VOut> {
    return this.joined('left', other, joiner as AnyJoiner<K, V, OtherV, VOut>, options)
  }

  outerJoin<OtherV, VOut>(
    other: KTable<K, OtherV>,
    joiner: AnyJoiner<K, V, OtherV, VOut>,
    options: TableJoinOptions<K, VOut> = {},
  ): KTable<K, VOut> {
    return this.joined('outer', other, joiner, options)
  }

  toStream(options?: NamedOptions): KStream<K, V | null>
  toStream<KOut>(
    selector: Mapper<K, V | null, KOut>,
    options?: SerdeOptions<KOut, V>,
  ): KStream<KOut, V | null>
  toStream<KOut>(
    first: NamedOptions | Mapper<K, V | null, KOut> = {},
    second: SerdeOptions<KOut, V> = {},
  ): KStream<K, V | null> | KStream<KOut, V | null> {
    if (!isMapper<K, V | null, KOut>(first)) return this.updates(first)
    const { name, ...serdes } = second
    return this.updates(name === undefined ? {} : { name }).selectKey(
      first,
      serdes as SerdeOptions<KOut, V | null>,
    )
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

  private joined<OtherK, OtherV, VOut>(
    type: JoinType,
    other: KTable<OtherK, OtherV>,
    joiner: AnyJoiner<K, V, OtherV, VOut>,
    options: TableJoinOptions<K, VOut> | ForeignKeyJoinOptions<K, V, OtherK, VOut>,
  ): KTable<K, VOut> {
    if (!(other instanceof DeclaredTable) || other.state.plan !== this.state.plan) {
      throw new TopologyError(
        `The table ${this.state.name} can be joined with a table of the same StreamsBuilder only; ` +
          'the other one is of another.',
      )
    }
    if ('on' in options) {
      const foreign = (other as DeclaredTable<OtherK, OtherV>).state
      return joinOnForeignKey(type === 'left', this.state, foreign, joiner, options)
    }
    // Without a foreign key the tables have keys of one type: the signatures see to that.
    const { state } = other as unknown as DeclaredTable<K, OtherV>
    return joinTables(type, this.state, state, joiner, options)
  }

  private updates(options: NamedOptions): KStream<K, V | null> {
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
}

function isMapper<K, V, Out>(given: NamedOptions | Mapper<K, V, Out>): given is Mapper<K, V, Out> {
  return typeof given === 'function'
}
