import { isPromise, type MaybePromise } from '../../src/core/maybe-promise.ts'
import type { Processor } from '../../src/topology/processor.ts'
import type { TopologyNode, TopologyPlan } from '../../src/topology/topology-plan.ts'
import type { Seeded } from './random/seeded.ts'

type AnyProcessor = Processor<unknown, unknown, unknown, unknown>

/** Counts what a flaky plan did. */
export interface FlakyCount {
  failures: number
}

/**
 * The same plan, each of whose processors now and then throws after it has done all that it does with a record: what it
 * wrote and forwarded must be undone for its second attempt to come to the same.
 */
export function flakyPlan(plan: TopologyPlan, random: Seeded, count: FlakyCount): TopologyPlan {
  // However many steps a record passes, one of its first attempts succeeds.
  const failed = new Map<string, number>()
  const flaky = (processor: AnyProcessor): AnyProcessor => {
    const { process } = processor
    processor.process = (record, context): MaybePromise<void> => {
      const { topic, partition, offset } = context.recordMetadata ?? {}
      const place = `${topic}-${partition}-${offset}`
      const before = failed.get(place) ?? 0
      const fails = before < 2 && random.chance(0.2)
      const done = process.call(processor, record, context)
      const end = (): void => {
        if (!fails) return
        failed.set(place, before + 1)
        count.failures++
        throw new Error('flaky')
      }
      return isPromise(done) ? done.then(end) : end()
    }
    return processor
  }
  const nodes = (all: readonly TopologyNode[]): TopologyNode[] =>
    all.map((node) =>
      node.type === 'processor' ? { ...node, supplier: () => flaky(node.supplier()) } : node,
    )
  const subTopologies = plan.subTopologies.map((each) => ({ ...each, nodes: nodes(each.nodes) }))
  return { ...plan, subTopologies }
}
