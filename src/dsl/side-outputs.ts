import type { LogicalNode } from './logical-node.ts'
import type { LogicalPlan } from './logical-plan.ts'
import { passThrough } from './processors/pass-through.ts'

/** Streams that come of one operator, each by a child of its own, to which the operator forwards by name. */
export interface SideOutputs<Suffix extends string> {
  /** The children's names by their suffixes. */
  readonly names: { readonly [S in Suffix]: string }
  /** Adds the children behind the operator's node, in the order of the suffixes. */
  addBehind(operator: LogicalNode): LogicalNode[]
}

/** The outputs of an operator: nodes named after it, `<operator>-<suffix>`. */
export function sideOutputs<Suffix extends string>(
  plan: LogicalPlan,
  operator: string,
  suffixes: readonly Suffix[],
): SideOutputs<Suffix> {
  const names = suffixes.map((suffix) => [suffix, `${operator}-${suffix}`] as const)
  return {
    names: Object.fromEntries(names) as { [S in Suffix]: string },
    addBehind: (parent) =>
      names.map(([, name]) =>
        plan.add([parent], {
          name,
          write(topology, parents) {
            topology.addProcessor(name, () => passThrough, { parents, keepsKey: true })
          },
        }),
      ),
  }
}
