import type { LogicalNode } from '../logical-node.ts'

// Ways from a repartition step up to where its records were made, through nodes that pass records on as they are.

/** The nodes in which the ways up from a node end: those that make the records that come to it. */
export function originsOf(node: LogicalNode): Set<LogicalNode> {
  const origins = new Set<LogicalNode>()
  for (const parent of node.parents) {
    if (parent.options.records !== 'kept') origins.add(parent)
    else for (const origin of originsOf(parent)) origins.add(origin)
  }
  return origins
}

/**
 * The change of keys that the first way up comes to. Undefined where that way comes to a change of values before, or
 * where no way comes to either.
 */
export function firstChangeOfKey(node: LogicalNode): LogicalNode | undefined {
  const found = firstChange(node)
  return found?.options.records === 'rekeyed' ? found : undefined
}

function firstChange(node: LogicalNode): LogicalNode | undefined {
  for (const parent of node.parents) {
    const { records } = parent.options
    if (records === 'rekeyed' || records === 'revalued') return parent
    const above = records === 'kept' ? firstChange(parent) : undefined
    if (above) return above
  }
  return undefined
}

/** Whether every way up from a node comes through this other one. */
export function allWaysPass(node: LogicalNode, through: LogicalNode): boolean {
  return [...node.parents].every(
    (parent) =>
      parent === through || (parent.options.records === 'kept' && allWaysPass(parent, through)),
  )
}

/** Whether a node is one of these steps, or passes its records on to one. */
export function leadsTo(node: LogicalNode, steps: ReadonlySet<LogicalNode>): boolean {
  if (steps.has(node)) return true
  return (
    node.options.records === 'kept' && [...node.children].some((child) => leadsTo(child, steps))
  )
}
