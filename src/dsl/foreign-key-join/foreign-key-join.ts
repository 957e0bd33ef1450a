import type { Joiner } from '../callbacks.ts'
import type { DeclaredTableState } from '../declared.ts'
import type { ForeignKeyJoinOptions } from '../operator-options.ts'
import { TableSourceProcessor } from '../processors/table-source.ts'
import { SourceTable } from '../source-table.ts'
import { storeOptions } from '../store-options.ts'
import type { KTable } from '../k-table.ts'
import { foreignKeyJoinNames } from './join-names.ts'
import { serdesOf } from './join-serdes.ts'
import { JoinSteps } from './join-steps.ts'

/**
 * Adds a join of a table with another one by a foreign key. Rows subscribe to the rows that they name, through a topic
 * that is partitioned as the other table is; answers come back through one that is partitioned as this table is.
 *
 * @remarks Source: Java's `KTableImpl.doJoinOnForeignKey`, KIP-213.
 */
export function joinOnForeignKey<K, V, OtherK, OtherV, Out>(
  left: boolean,
  table: DeclaredTableState<K, V>,
  other: DeclaredTableState<OtherK, OtherV>,
  joiner: Joiner<K, V | null, OtherV | null, Out | null>,
  options: ForeignKeyJoinOptions<K, V, OtherK, Out>,
): KTable<K, Out> {
  const { plan } = table
  // Old values tell which subscription is to be taken back.
  other.backing.sendOldValues(true)
  table.backing.sendOldValues(true)
  const names = foreignKeyJoinNames(plan, options.name)
  const store = storeOptions(options.store)
  const resultStore = store.name ?? plan.storeName('KTABLE-FK-JOIN-OUTPUT-')
  const steps = new JoinSteps(names, serdesOf(names.result, table, other), table, other)
  const subscriptions = steps.addSubscriptions(left, options)
  const answers = steps.addAnswers(subscriptions)
  const responses = steps.addResponses(answers, options)
  const sources = [...new Set([...table.sources, responses.name])]
  plan.copartition(sources)
  const resolved = steps.addResolver(responses, joiner, left)
  const { key } = steps.serdes
  const backing = new SourceTable<K, Out>(resultStore, store, key, options.value)
  const node = steps.add(names.result, [resolved], (topology, parents) => {
    const spec = backing.spec()
    topology.addProcessor(names.result, () => new TableSourceProcessor<K, Out>(backing.source), {
      parents,
      keepsKey: true,
      stores: spec ? [spec] : [],
    })
  })
  const { handles } = table
  const { value } = options
  return handles.table<K, Out>({
    plan,
    handles,
    name: names.result,
    node,
    key,
    value,
    sources,
    backing,
  })
}
