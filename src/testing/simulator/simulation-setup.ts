import { workerConfig, type WorkerConfig } from '../../runtime/worker-config.ts'
import { externalSourceTopics } from '../../runtime/topic-layout.ts'
import { decoratedTopicName, type TopologyPlan } from '../../topology/topology-plan.ts'
import type { OutputComparison } from './compare-records.ts'
import { drawFaults, withoutZombies, type SimulationFaults } from './faults.ts'
import type { SeededRandom } from './seeded-random.ts'
import type { SimulationOptions } from './simulation-options.ts'
import type { WorkerTraits } from './simulated-worker.ts'

export const applicationId = 'app'

const mebibyte = 1_048_576
/** Some day of the year 2033, so that no time in the input is later than the clocks. */
const epochMs = 2_000_000_000_000

/** What a simulation is, after all has been drawn. */
export interface SimulationSetup {
  readonly plan: TopologyPlan
  readonly exactlyOnce: boolean
  /** Whether workers may go on unhindered after their tasks were given to others: under `at_least_once` alone. */
  readonly zombies: boolean
  readonly faults: SimulationFaults
  readonly workers: number
  readonly workersMost: number
  readonly crashesMost: number
  readonly partitions: number
  readonly spreadMs: number
  readonly transactionalInput: boolean
  readonly outputs: ReadonlyMap<string, OutputComparison>
  /** Topics that must be there before the application starts. */
  readonly topics: readonly string[]
  /** What the topology reads from outside. */
  readonly inputTopics: readonly string[]
  readonly config: WorkerConfig
  /** Whether workers keep their places in the group over a restart. */
  readonly isStatic: boolean
}

/** Draws what the options leave open. */
export function drawSetup(options: SimulationOptions, random: SeededRandom): SimulationSetup {
  const plan = options.topology.plan()
  const exactlyOnce = options.processingGuarantee !== 'at_least_once'
  const inputTopics = externalSourceTopics(plan)
  const outputs = drawOutputs(plan, options)
  const zombies = !exactlyOnce && random.chance(0.5) && [...outputs.values()].every(allowsZombies)
  const drawn = drawFaults(random)
  const workers = options.workers ?? 2 + random.below(3)
  return {
    plan,
    exactlyOnce,
    zombies,
    faults: { ...(exactlyOnce || zombies ? drawn : withoutZombies(drawn)), ...options.faults },
    workers,
    workersMost: Math.max(workers, 4),
    crashesMost: 1 + random.below(10),
    partitions: options.partitions ?? 1 + random.below(3),
    spreadMs: options.spreadMs ?? random.between(300, 1_200),
    // Who reads what is not committed would see what was aborted.
    transactionalInput: exactlyOnce && random.chance(0.3),
    outputs,
    topics: [...new Set([...inputTopics, ...outputs.keys()])],
    inputTopics,
    config: drawConfig(options, exactlyOnce || zombies, random),
    isStatic: random.chance(0.2),
  }
}

/** What is one worker's own. */
export function drawTraits(
  name: string,
  setup: SimulationSetup,
  random: SeededRandom,
): WorkerTraits {
  return {
    config: setup.isStatic ? { ...setup.config, groupInstanceId: name } : setup.config,
    clock: {
      startMs: epochMs + random.between(-5_000, 5_000),
      rate: random.between(0.97, 1.03),
      readCostMs: random.pick([0, 0, 0.01, 4]),
    },
    keepsState: random.chance(0.8),
    readsAreSlow: random.chance(0.5),
  }
}

/** The names of all changelog topics on the broker. */
export function changelogTopics(plan: TopologyPlan): string[] {
  return [...plan.internalTopics.values()]
    .filter(({ kind }) => kind === 'changelog')
    .map(({ name }) => decoratedTopicName(plan, applicationId, name))
}

function drawOutputs(
  plan: TopologyPlan,
  { outputs = {} }: SimulationOptions,
): ReadonlyMap<string, OutputComparison> {
  const all = sinkTopics(plan).map((topic): [string, OutputComparison] => [topic, 'sequence'])
  return new Map([...all, ...Object.entries(outputs)])
}

/** The latest value hangs on who wrote last; every other comparison on what was written at all. */
function allowsZombies(comparison: OutputComparison): boolean {
  return comparison !== 'latest'
}

function drawConfig(
  options: SimulationOptions,
  losesPlaces: boolean,
  random: SeededRandom,
): WorkerConfig {
  return workerConfig({
    processingGuarantee: options.processingGuarantee ?? 'exactly_once',
    commitIntervalMs: Math.floor(random.between(10, 100)),
    heartbeatIntervalMs: Math.floor(random.between(15, 60)),
    // Or else long enough that a worker which lives is not given up.
    sessionTimeoutMs: Math.floor(random.between(150, 400)) * (losesPlaces ? 1 : 4),
    rebalanceTimeoutMs: Math.floor(random.between(400, 900)) * (losesPlaces ? 1 : 2),
    transactionTimeoutMs: Math.floor(random.between(200, 800)),
    retryBackoffMs: 5,
    maxUncommittedBytes: random.pick([64 * mebibyte, 64 * mebibyte, 2_000]),
    maxBufferedBytes: random.pick([4 * mebibyte, 4 * mebibyte, 64]),
    repartitionPurgeIntervalMs: random.pick([30_000, 100]),
    numStandbyReplicas: random.pick([0, 0, 0, 1]),
    // Shorter than what a worker waits for may take: then it gives its tasks up, and comes back.
    ...(losesPlaces &&
      random.chance(0.2) && { maxPollIntervalMs: Math.floor(random.between(60, 300)) }),
    // Tasks move only to where their state has been warmed up.
    ...(random.chance(0.1) && { acceptableRecoveryLag: 0, probingRebalanceIntervalMs: 200 }),
    ...options.config,
  })
}

function sinkTopics(plan: TopologyPlan): string[] {
  const topics = plan.subTopologies.flatMap(({ nodes }) =>
    nodes.flatMap((node) =>
      node.type === 'sink' && typeof node.topic === 'string' ? [node.topic] : [],
    ),
  )
  return [...new Set(topics)].filter((topic) => !plan.internalTopics.has(topic))
}
