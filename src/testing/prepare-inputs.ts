import type { MaybePromise } from '../core/maybe-promise.ts'
import type { TopologyPlan } from '../topology/topology-plan.ts'
import type { Topic } from '../topology/topic.ts'

/** Makes writing to the source topics possible ahead, so that piping a record needs no waiting for a registry. */
export async function prepareInputs(
  { subTopologies, globalStores }: TopologyPlan,
  prepare: (topic: Topic<unknown, unknown>) => MaybePromise<void>,
): Promise<void> {
  const nodes = [
    ...subTopologies.flatMap((each) => each.nodes),
    ...globalStores.map((g) => g.source),
  ]
  for (const node of nodes) {
    if (node.type !== 'source') continue
    for (const topic of node.topics) {
      try {
        await prepare({ ...node, name: topic })
      } catch {
        // A test may pipe with another serde; where it does not, its first record brings the error.
      }
    }
  }
}
