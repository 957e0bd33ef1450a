import { TopologyError } from '../../core/errors.ts'

/** What the optimizer can do, in the order in which it does it. */
const optimizationNames: readonly OptimizationName[] = [
  'reuse.ktable.source.topics',
  'merge.repartition.topics',
  'single.store.self.join',
]

/**
 * A rewriting of what was declared, by Kafka Streams' names:
 *
 * - `reuse.ktable.source.topics`: a table that is read from a topic has no changelog of its own and is restored from
 *   that topic;
 * - `merge.repartition.topics`: streams that come of one change of keys are repartitioned once, by the name of the
 *   first of their repartition topics;
 * - `single.store.self.join`: an inner join of a stream with itself keeps one store instead of two.
 *
 * @remarks Source: `StreamsConfig.TOPOLOGY_OPTIMIZATION_CONFIG`, KIP-295, KIP-862.
 */
export type OptimizationName =
  'reuse.ktable.source.topics' | 'merge.repartition.topics' | 'single.store.self.join'

/** How a topology is built. */
export interface BuildOptions {
  /**
   * Which optimizations are applied. Each changes what an application has on the broker, so switching one on or off
   * for an application that runs already orphans state; `millrace diff` says which.
   *
   * @defaultValue `none`, as in Kafka Streams
   */
  readonly optimize?: 'all' | 'none' | readonly OptimizationName[]
}

/** Throws `TopologyError` for a name that is no optimization. */
export function chosenOptimizations(options: BuildOptions): ReadonlySet<OptimizationName> {
  const { optimize = 'none' } = options
  if (optimize === 'none') return new Set()
  if (optimize === 'all') return new Set(optimizationNames)
  if (typeof optimize === 'string') throw unknownOptimization(optimize)
  for (const name of optimize)
    if (!optimizationNames.includes(name)) throw unknownOptimization(name)
  return new Set(optimize)
}

function unknownOptimization(name: unknown): TopologyError {
  return new TopologyError(
    `There is no optimization ${JSON.stringify(name)}; optimize takes 'all', 'none' or a list of ` +
      optimizationNames.join(', '),
  )
}
