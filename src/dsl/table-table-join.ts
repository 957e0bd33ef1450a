import type { StoreRef } from '../state/store.ts'
import type { Joiner } from './callbacks.ts'
import type { DeclaredTableState } from './declared.ts'
import { JoinedTable } from './joined-table.ts'
import type { TableJoinOptions } from './operator-options.ts'
import { TableJoinMergeProcessor } from './processors/table-join-merge.ts'
import { TableTableJoinProcessor, type TableTableJoin } from './processors/table-table-join.ts'
import { storeOptions } from './store-options.ts'
import type { KTable } from './k-table.ts'
import { derivedStore } from './table-store.ts'
import type { TableView } from './table-view.ts'

/** Which side of a join may be absent from a result. */
export type JoinType = 'inner' | 'left' | 'outer'

type AnyJoiner<K, V, Other, Out> = Joiner<K, V | null, Other | null, Out | null>

/** Adds a join of two tables by their keys. Source: Java's `KTableImpl.doJoin`. */
export function joinTables<K, V, Other, Out>(
  type: JoinType,
  table: DeclaredTableState<K, V>,
  other: DeclaredTableState<K, Other>,
  joiner: AnyJoiner<K, V, Other, Out>,
  options: TableJoinOptions<unknown, Out>,
): KTable<K, Out> {
  const { plan, handles, key } = table
  const store = storeOptions(options.store)
  const name = plan.processorName('KTABLE-MERGE-', options.name)
  const sources = [...new Set([...table.sources, ...other.sources])]
  plan.copartition(sources)
  // Who joins without the other side must know whether there was a result before.
  if (type !== 'inner') table.backing.sendOldValues(true)
  if (type === 'outer') other.backing.sendOldValues(true)
  const views = [table.backing.view(), other.backing.view()] as const
  const needsFirst = type !== 'outer'
  const needsSecond = type === 'inner'
  const sides = joinSides(table, other, views, joiner, [needsFirst, needsSecond])
  const thisName = plan.suffixedName('KTABLE-JOINTHIS-', '-join-this', options.name)
  const otherName = plan.suffixedName('KTABLE-JOINOTHER-', '-join-other', options.name)
  const spec = derivedStore(`The join ${name}`, store, key, options.value)
  const node = plan.add([table.node, other.node], {
    name,
    write(topology) {
      // Keys are kept. Times may be the other side's; reading ahead only guesses by them.
      const keepsKey = true
      topology.addProcessor(thisName, () => new TableTableJoinProcessor(sides[0]), {
        parents: [table.name],
        keepsKey,
        stores: refs(views[1].storeNames),
      })
      topology.addProcessor(otherName, () => new TableTableJoinProcessor(sides[1]), {
        parents: [other.name],
        keepsKey,
        stores: refs(views[0].storeNames),
      })
      const merge = { storeName: store.name }
      topology.addProcessor(name, () => new TableJoinMergeProcessor(merge), {
        parents: [thisName, otherName],
        keepsKey,
        stores: spec ? [spec] : [],
      })
    },
  })
  const backing = new JoinedTable<K, V, Other, Out>({
    parents: [table.backing, other.backing],
    views,
    joiner,
    needs: [needsFirst, needsSecond],
    storeName: store.name,
    storeIsVersioned: spec !== undefined && store.versioned !== undefined,
    sides,
  })
  const { value } = options
  return handles.table<K, Out>({ plan, handles, name, node, key, value, sources, backing })
}

/** The join as each of its tables sees it. */
function joinSides<K, V, Other, Out>(
  table: DeclaredTableState<K, V>,
  other: DeclaredTableState<K, Other>,
  views: readonly [TableView<K, V>, TableView<K, Other>],
  joiner: AnyJoiner<K, V, Other, Out>,
  [needsFirst, needsSecond]: readonly [boolean, boolean],
): readonly [TableTableJoin<K, V, Other, Out>, TableTableJoin<K, Other, V, Out>] {
  return [
    {
      other: views[1],
      joiner,
      needsThis: needsFirst,
      needsOther: needsSecond,
      isVersioned: () => table.backing.isVersioned(),
      sendOldValues: false,
    },
    {
      other: views[0],
      joiner: (second, first, key, context) => joiner(first, second, key, context),
      needsThis: needsSecond,
      needsOther: needsFirst,
      isVersioned: () => other.backing.isVersioned(),
      sendOldValues: false,
    },
  ]
}

function refs(storeNames: readonly string[]): StoreRef[] {
  return storeNames.map((storeName) => ({ storeName }))
}
