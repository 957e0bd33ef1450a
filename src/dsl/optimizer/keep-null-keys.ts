import type { LogicalGraph } from '../logical-graph.ts'
import type { LogicalNode } from '../logical-node.ts'

/**
 * Lets repartition steps that lead to a left join pass records without a key; all others drop them.
 *
 * @remarks Source: Java's `InternalStreamsBuilder.rewriteRepartitionNodes`, KIP-962.
 */
export function keepNullKeysForLeftJoins({ root }: LogicalGraph): void {
  const leadsToLeftJoin = new Map<LogicalNode, boolean>()
  const visit = (node: LogicalNode): boolean => {
    const known = leadsToLeftJoin.get(node)
    if (known !== undefined) return known
    let leads = false
    for (const child of node.children) {
      if (visit(child) || child.options.takesNullKeys) leads = true
    }
    leadsToLeftJoin.set(node, leads)
    const { keyFilter } = node.options
    if (keyFilter) keyFilter.dropsNullKeys = !leads
    return leads
  }
  visit(root)
}
