import type { LogicalGraph } from '../logical-graph.ts'
import { LogicalNode } from '../logical-node.ts'
import { allWaysPass, firstChangeOfKey, leadsTo, originsOf } from './kept-records.ts'

/**
 * Replaces the repartition steps that follow from one change of keys by a single step right behind that change, or
 * behind the merge of streams that they all come through. Its topic has the name of the first one's.
 *
 * It leaves a step where it is if some way to it does not come through that place, since the records of that way would
 * then not be repartitioned at all; if its serdes are others than the first one's, which would put keys elsewhere; and
 * if moving it would take a processor with stores along into other partitions.
 *
 * @remarks Source: Java's `InternalStreamsBuilder.mergeRepartitionTopics`, KIP-295, which does not look at any of the
 * three.
 */
export function mergeRepartitions(graph: LogicalGraph): void {
  for (const [place, steps] of stepsByPlace(graph)) mergeBehind(graph, place, steps)
}

/** The steps that can be moved, by the node that they can be moved behind. */
function stepsByPlace(graph: LogicalGraph): Map<LogicalNode, LogicalNode[]> {
  const byChange = new Map<LogicalNode, LogicalNode[]>()
  const byPlace = new Map<LogicalNode, LogicalNode[]>()
  const steps = [...graph.nodes()].filter((node) => node.options.repartition)
  for (const step of steps.sort((a, b) => a.declaredAt - b.declaredAt)) {
    const change = firstChangeOfKey(step)
    if (!change) continue
    const origins = originsOf(step)
    const merge = origins.size === 1 ? undefined : commonMerge([step])
    if (origins.size === 1) append(byChange, change, step)
    else if (merge) append(byPlace, merge, step)
  }
  for (const [change, those] of byChange) {
    for (const step of those) append(byPlace, commonMerge(those) ?? change, step)
  }
  return byPlace
}

/** The first merge of streams that every way to each of these steps comes through. */
function commonMerge(steps: readonly LogicalNode[]): LogicalNode | undefined {
  let found: LogicalNode | undefined
  const visit = (node: LogicalNode): void => {
    for (const parent of node.parents) {
      if (parent.options.records !== 'kept') continue
      if (parent.options.merges && steps.every((step) => allWaysPass(step, parent))) found = parent
      visit(parent)
    }
  }
  // Ways up from one step suffice: what all have in common lies on each. The last found is the highest.
  visit(steps[0]!)
  return found
}

function mergeBehind(graph: LogicalGraph, place: LogicalNode, steps: readonly LogicalNode[]): void {
  const first = steps[0]!.options.repartition!
  const alike = new Set(
    steps.filter(({ options: { repartition } }) => {
      const { keySerde, valueSerde } = repartition!
      return keySerde === first.keySerde && valueSerde === first.valueSerde
    }),
  )
  const moved = [...place.children].filter((child) => leadsTo(child, alike))
  if (moved.some(takesStateAlong)) return
  const merged = new LogicalNode(first.moved())
  merged.buildPriority = place.buildPriority
  for (const child of moved) {
    place.removeChild(child)
    merged.addChild(child)
  }
  for (const step of alike) {
    bypass(step)
    graph.replaceSource(step.name, merged.name)
  }
  place.addChild(merged)
}

/** Joins what is before a node with what is behind it, and leaves it out. */
function bypass(node: LogicalNode): void {
  const parents = [...node.parents]
  for (const child of [...node.children]) {
    node.removeChild(child)
    for (const parent of parents) parent.addChild(child)
  }
  for (const parent of parents) parent.removeChild(node)
}

/** Whether this node or one behind it, before the next repartition step, has state that lies by partition. */
function takesStateAlong(node: LogicalNode): boolean {
  if (node.options.keyFilter) return false
  return node.options.boundToPartition === true || [...node.children].some(takesStateAlong)
}

function append<K, V>(lists: Map<K, V[]>, key: K, item: V): void {
  const list = lists.get(key)
  if (list) list.push(item)
  else lists.set(key, [item])
}
