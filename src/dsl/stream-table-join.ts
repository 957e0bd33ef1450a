import { TopologyError } from '../core/errors.ts'
import type { Joiner } from './callbacks.ts'
import type { DeclaredStreamState } from './declared.ts'
import { DeclaredTable } from './declared-table.ts'
import type { GlobalJoinOptions, NamedOptions } from './operator-options.ts'
import { TableJoinProcessor } from './processors/table-join.ts'
import { keyValueView } from './store-view.ts'
import type { GlobalKTable, KStream, KTable } from './streams.ts'

/** Adds a join of a stream, partitioned by its key, with a table. Source: Java's `KStreamImpl.doStreamTableJoin`. */
export function joinTable<K, V, TableV, Out>(
  stream: DeclaredStreamState<K, V>,
  table: KTable<K, TableV>,
  joiner: Joiner<K, V, TableV | null, Out>,
  left: boolean,
  options: NamedOptions,
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
  const node = plan.add([stream.node], {
    name,
    takesNullKeys: left,
    requires: [declared.state.node],
    write(topology, parents) {
      topology.addProcessor(name, () => new TableJoinProcessor(join), {
        parents,
        keepsKey: true,
        stores: view.storeNames.map((storeName) => ({ storeName })),
      })
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
