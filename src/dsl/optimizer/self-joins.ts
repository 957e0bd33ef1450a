import type { LogicalGraph } from '../logical-graph.ts'
import { LogicalNode } from '../logical-node.ts'

/**
 * Has an inner join of a stream with itself keep the stream's records in one store instead of two.
 *
 * Left and outer joins stay as they are: they give a result to records without a key, and one store would not.
 *
 * @remarks Source: Java's `InternalStreamsBuilder.rewriteSingleStoreSelfJoin`, KIP-862, which rewrites those too.
 */
export function rewriteSelfJoins(graph: LogicalGraph): void {
  for (const node of [...graph.nodes()]) {
    const { selfJoin } = node.options
    const [stream] = node.parents
    if (!selfJoin || !stream || node.parents.size !== 1) continue
    const other = [...stream.children].find(({ name }) => name === selfJoin.otherWindowed)
    if (!other) continue
    stream.removeChild(other)
    replace(node, new LogicalNode(selfJoin.joined()))
  }
}

function replace(node: LogicalNode, by: LogicalNode): void {
  by.buildPriority = node.buildPriority
  by.declaredAt = node.declaredAt
  for (const parent of [...node.parents]) {
    parent.removeChild(node)
    parent.addChild(by)
  }
  for (const child of [...node.children]) {
    node.removeChild(child)
    by.addChild(child)
  }
}
