import { bindSerde, type Serde, type SerdeEnvironment } from '../serdes/serde.ts'
import type { StoreSpec } from '../state/store-spec.ts'
import type { TopologyPlan } from '../topology/topology-plan.ts'
import type { QueryableStore } from './query-host.ts'

/** Every store of a topology, by name, with its key serde bound. */
export function queryableStores(
  plan: TopologyPlan,
  environment: SerdeEnvironment,
): Map<string, QueryableStore> {
  const specs: StoreSpec[] = plan.globalStores.map((global) => global.store)
  for (const subTopology of plan.subTopologies) specs.push(...subTopology.stores)
  return new Map(
    specs.map((spec) => [
      spec.storeName,
      {
        name: spec.storeName,
        kind: spec.kind,
        // A plan's serdes are untyped; what type its keys have is known to the one who asks.
        key: bindSerde(spec.key as unknown as Serde<unknown>, environment),
        windowSizeMs: spec.kind === 'window' ? spec.windowSizeMs : undefined,
      },
    ]),
  )
}
