import type { DeclaredStreamState } from './declared.ts'
import type { LogicalNode } from './logical-node.ts'
import type { LogicalPlan } from './logical-plan.ts'
import type { LateOutput } from './processors/late-records.ts'
import { passThrough } from './processors/pass-through.ts'
import type { KStream } from './k-stream.ts'

/** The names of the nodes behind an operator that has its late records go on; undefined where it has not. */
export function lateOutput(name: string, late: unknown): LateOutput | undefined {
  return late === undefined ? undefined : { updates: `${name}-updates`, late: `${name}-late` }
}

/**
 * Adds the nodes behind an operator that has its late records go on: one for its updates, which is given back, and
 * one for the late records, of which `late` is handed the stream. No numbers are spent, so that other generated names
 * are what they would be without.
 */
export function addLateOutput<K, V>(
  output: LateOutput,
  operators: readonly LogicalNode[],
  stream: Omit<DeclaredStreamState<K, V>, 'name' | 'node' | 'repartitionRequired'>,
  late: (stream: KStream<K, V>) => void,
): LogicalNode {
  const updates = addPassThrough(stream.plan, operators, output.updates)
  const node = addPassThrough(stream.plan, operators, output.late)
  late(stream.handles.stream({ ...stream, name: output.late, node, repartitionRequired: false }))
  return updates
}

/** Adds a node that hands on what comes from these. */
export function addPassThrough(
  plan: LogicalPlan,
  operators: readonly LogicalNode[],
  name: string,
): LogicalNode {
  return plan.add(operators, {
    name,
    write(topology, parents) {
      topology.addProcessor(name, () => passThrough, { parents, keepsKey: true })
    },
  })
}
