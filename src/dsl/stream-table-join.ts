import { TopologyError } from '../core/errors.ts'
import { keyValueStore } from '../state/key-value-store-spec.ts'
import type { KeyValueStoreSpec } from '../state/store-spec.ts'
import type { ProcessorNode } from '../topology/topology-plan.ts'
import type { Topology } from '../topology/topology.ts'
import type { Joiner } from './callbacks.ts'
import type { DeclaredStreamState } from './declared.ts'
import { DeclaredTable } from './declared-table.ts'
import { bufferedChangeSerde, type BufferedChange } from './buffered-change.ts'
import { bufferedKeySerde, type BufferedKey } from './buffered-key.ts'
import type { GlobalJoinOptions, JoinedOptions } from './operator-options.ts'
import { GraceTableJoinProcessor } from './processors/grace-table-join.ts'
import { TableJoinProcessor } from './processors/table-join.ts'
import { neededSerde } from './serde-needed.ts'
import { keyValueView } from './store-view.ts'
import type { KStream } from './k-stream.ts'
import type { GlobalKTable, KTable } from './k-table.ts'
import { checkMs } from './whole-ms.ts'

type Supplier = ProcessorNode['supplier']

/** Adds a join of a stream, partitioned by its key, with a table. Source: Java's `KStreamImpl.doStreamTableJoin`. */
export function joinTable<K, V, TableV, Out>(
  stream: DeclaredStreamState<K, V>,
  table: KTable<K, TableV>,
  joiner: Joiner<K, V, TableV | null, Out>,
  left: boolean,
  options: JoinedOptions<K, V>,
): KStream<K, Out> {
  const { plan } = stream
  if (!(table instanceof DeclaredTable) || table.state.plan !== plan) {
    throw new TopologyError(
      'A stream can be joined with a table of the same StreamsBuilder only; this table is of another.',
    )
  }
  const declared = table as DeclaredTable<K, TableV>
  const sources = [...new Set([...stream.sources, ...declared.state.sources])]
  plan.copartition(sources)
  const prefix = left ? 'KSTREAM-LEFTJOIN-' : 'KSTREAM-JOIN-'
  const name = plan.processorName(prefix, options.name)
  const view = declared.state.backing.view()
  const join = { view, joiner, on: undefined, left }
  const held = graceOf(name, stream, options)
  const supplier = (
    held
      ? () =>
          new GraceTableJoinProcessor({ ...join, ...held, name, storeName: held.store.storeName })
      : () => new TableJoinProcessor(join)
  ) as Supplier
  const node = plan.add([stream.node], {
    name,
    takesNullKeys: left,
    requires: [declared.state.node],
    boundToPartition: held !== undefined,
    write(topology, parents) {
      const tables = view.storeNames.map((storeName) => ({ storeName }))
      topology.addProcessor(name, supplier, {
        parents,
        // A record that is held back leaves while another one is in process.
        keepsKey: !held,
        stores: [...(held ? [held.store] : []), ...tables],
      })
      if (held) for (const storeName of view.storeNames) checkHistory(topology, storeName, held)
    },
  })
  return stream.handles.stream<K, Out>({
    ...stream,
    name,
    node,
    value: undefined,
    sources,
    repartitionRequired: false,
  })
}

/** How a join holds records back; undefined where it does not. */
interface Held<K, V> {
  readonly operator: string
  readonly graceMs: number
  readonly store: KeyValueStoreSpec<BufferedKey<K>, BufferedChange<V>>
}

function graceOf<K, V>(
  name: string,
  stream: DeclaredStreamState<K, V>,
  options: JoinedOptions<K, V>,
): Held<K, V> | undefined {
  const { graceMs } = options
  if (graceMs === undefined) return undefined
  const operator = `The join ${name}`
  checkMs(operator, 'graceMs', graceMs, 0)
  const purpose = 'holds records back in a store'
  const key = neededSerde(options.key ?? stream.key, 'key', operator, purpose)
  const value = neededSerde(options.value ?? stream.value, 'value', operator, purpose)
  const store = keyValueStore({
    name: `${name}-Buffer`,
    key: bufferedKeySerde(key),
    value: bufferedChangeSerde(value),
  })
  return { operator, graceMs, store }
}

/** Source: Java's `StreamTableJoinNode`. */
function checkHistory(
  topology: Topology,
  storeName: string,
  { operator, graceMs }: Pick<Held<never, never>, 'operator' | 'graceMs'>,
): void {
  const spec = topology.storeSpec(storeName)
  if (spec?.kind !== 'versioned') {
    throw new TopologyError(
      `${operator} has a grace and looks records up as of their times, but its table is held in ${storeName}, which ` +
        'keeps no history. Declare the table with store: { versioned: { historyRetentionMs } }, or leave graceMs out.',
    )
  }
  if (spec.historyRetentionMs < graceMs) {
    throw new TopologyError(
      `${operator} waits ${graceMs} ms (graceMs), but its table keeps the history of ${spec.historyRetentionMs} ms ` +
        `only, in ${storeName}. Make its historyRetentionMs at least the grace.`,
    )
  }
}

/** Adds a join with a global table, for which nothing need be partitioned. */
export function joinGlobalTable<K, V, TableK, TableV, Out>(
  stream: DeclaredStreamState<K, V>,
  table: GlobalKTable<TableK, TableV>,
  joiner: Joiner<K, V, TableV | null, Out>,
  left: boolean,
  options: GlobalJoinOptions<K, V, TableK>,
): KStream<K, Out> {
  const { plan } = stream
  // Kafka Streams names inner joins with global tables like left ones.
  const name = plan.processorName('KSTREAM-LEFTJOIN-', options.name)
  const view = keyValueView<TableK, TableV>(table.storeName)
  const join = { view, joiner, on: options.on, left }
  const node = plan.add([stream.node], {
    name,
    takesNullKeys: left,
    write(topology, parents) {
      topology.addProcessor(name, () => new TableJoinProcessor(join), { parents, keepsKey: true })
    },
  })
  return stream.handles.stream<K, Out>({ ...stream, name, node, value: undefined })
}
