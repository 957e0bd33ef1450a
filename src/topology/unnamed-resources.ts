import { TopologyError } from '../core/errors.ts'
import type { TopologyPlan } from './topology-plan.ts'

/** How many digits generated names end with. */
const numberLength = 10

/**
 * What a topology has on the broker and on disk under names that nobody chose, such as
 * `store KSTREAM-AGGREGATE-STATE-STORE-0000000001`.
 *
 * A store that is named after an operator's generated name is among them; a repartition topic that is named after a
 * store of the user's is not, since that name stays.
 *
 * @remarks Source: Java's `InternalTopologyBuilder.checkUnprovidedNames`, KIP-1111.
 */
export function unnamedResources(plan: TopologyPlan): string[] {
  // A join's shared store is named after the number of one of its nodes, under another prefix.
  const numbers = new Set([...plan.generatedNames].map((name) => name.slice(-numberLength)))
  const isGenerated = (name: string): boolean => {
    if (plan.generatedNames.has(name)) return true
    const generated = /^.*?[0-9]{10}(?=-)/.exec(name)?.[0]
    if (generated === undefined) return false
    const isShared =
      /^KSTREAM-[A-Z]+SHARED-/.test(name) && numbers.has(generated.slice(-numberLength))
    return isShared || plan.generatedNames.has(generated)
  }
  const stores = plan.subTopologies.flatMap((each) => each.stores.map((store) => store.storeName))
  const topics = [...plan.internalTopics.values()]
    .filter(({ kind }) => kind === 'repartition')
    .map(({ name }) => name)
  return [
    ...[...new Set(stores)].filter(isGenerated).map((name) => `store ${name}`),
    ...topics.filter(isGenerated).map((name) => `repartition topic ${name}`),
  ]
}

/** What is wrong with resources without names, and what to do. */
export function unnamedText(resources: readonly string[]): string {
  return (
    `What the topology keeps has generated names, which change when an operator is added before it, so that its state ` +
    `is not found again: ${resources.join(', ')}. Name a store by its operator's option, { store: 'a-name' }, and a ` +
    "repartition topic by the name of its grouping, repartition or join, { name: 'a-name' }; for an application that " +
    'runs already, give the very names that it has now'
  )
}

/** Throws `TopologyError` naming every store and repartition topic whose name was generated. */
export function requireNames(plan: TopologyPlan): void {
  const resources = unnamedResources(plan)
  if (resources.length === 0) return
  throw new TopologyError(
    `${unnamedText(resources)}. With requireExplicitNames: false it starts all the same`,
  )
}
