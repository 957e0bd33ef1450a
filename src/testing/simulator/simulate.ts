import type { PartitionLog } from '../../broker/embedded/partition-log.ts'
import { messageOf } from '../../core/errors.ts'
import { loggedRecords } from './logged-records.ts'
import type { SimulationOptions } from './simulation-options.ts'
import type { SimulationDifference, SimulationResult } from './simulation-result.ts'
import { Simulation, standstill } from './simulation.ts'
import { verifyDisks } from './verify-disks.ts'
import { countOutput, verifyDeadLetters, verifyOutput } from './verify-output.ts'

const limitMs = 60_000

/**
 * Runs a whole application, several workers with their disks on an embedded broker, under a virtual clock, while requests
 * and answers get lost, workers crash, stand still, are cut off, fenced, stopped and started, all by chance, and the chance
 * by the seed. Then recomputes from the committed input what has to come of it, and says what differs: in the output, the
 * stores, the disks against their changelogs, the committed offsets, and in that everything comes to an end.
 *
 * Nothing in it waits for the machine: a run takes milliseconds, and the same seed gives the same run, step by step. The
 * topology must not ask for the machine's time, randomness or input itself.
 *
 * @example
 * for (let seed = 1; seed <= 1_000; seed++) {
 *   const { difference } = await simulate({ seed, topology, input })
 *   if (difference) throw new Error(describeDifference(seed, difference))
 * }
 *
 * @remarks Source: the simulation tests of FoundationDB and TigerBeetle.
 */
export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  const simulation = new Simulation(options)
  try {
    const difference = await differenceOf(simulation, options)
    const output = countOutput(simulation)
    const { seed } = options
    const facts = simulation.facts(output)
    const { trace } = simulation
    return {
      seed,
      difference,
      facts,
      get trace() {
        return trace.lines()
      },
    }
  } finally {
    await simulation.close()
  }
}

async function differenceOf(
  simulation: Simulation,
  options: SimulationOptions,
): Promise<SimulationDifference | undefined> {
  const { exactlyOnce } = simulation.setup
  const arrived = await simulation.run(limitMs)
  const failed = failureOf(simulation)
  if (failed) return failed
  if (!arrived) return noProgress('all input processed', standstill(simulation))
  const dead = verifyDeadLetters(simulation)
  if (dead) return dead
  const differing = await verifyOutput(simulation, storesOf(simulation, options))
  if (differing) return differing
  const isCompacted = (simulation.facts(0).faults.get('compact') ?? 0) > 0
  if (exactlyOnce) {
    const disk = await verifyDisks(simulation, isCompacted)
    if (disk) return disk
  }
  return await differenceAfterStop(simulation)
}

function storesOf({ setup }: Simulation, { stores }: SimulationOptions): readonly string[] {
  if (stores) return stores
  if (!setup.exactlyOnce) return []
  return setup.plan.subTopologies.flatMap((each) => each.stores.map((store) => store.storeName))
}

/** Stopping adds nothing to the output, and leaves nothing open. */
async function differenceAfterStop(
  simulation: Simulation,
): Promise<SimulationDifference | undefined> {
  const before = countOutput(simulation)
  if (!(await simulation.stop(limitMs))) {
    return noProgress('all workers stopped', standstill(simulation))
  }
  const failed = failureOf(simulation)
  if (failed) return failed
  const { scheduler, setup } = simulation
  const untilMs = scheduler.nowMs + 2 * setup.config.transactionTimeoutMs
  await scheduler.runUntil(() => simulation.openTransaction() === undefined, untilMs)
  const open = simulation.openTransaction()
  if (open) return hanging(open)
  const after = countOutput(simulation)
  if (after !== before) {
    const place = { topic: undefined, partition: undefined, key: undefined }
    const expected = `${before} records, as before the workers stopped`
    return { what: 'output', ...place, expected, got: `${after}` }
  }
  return await behindOffset(simulation)
}

function failureOf({ failures }: Simulation): SimulationDifference | undefined {
  const [failure] = failures
  if (!failure) return undefined
  return {
    what: 'error',
    topic: undefined,
    partition: undefined,
    key: undefined,
    expected: `${failure.worker} to go on`,
    got: `${failure.error.name}: ${messageOf(failure.error)}`,
  }
}

function noProgress(expected: string, got: string): SimulationDifference {
  const place = { topic: undefined, partition: undefined, key: undefined }
  return { what: 'progress', ...place, expected: `${expected} in ${limitMs} ms`, got }
}

function hanging({ topic, partition, lastStableOffset }: PartitionLog): SimulationDifference {
  const place = { what: 'transaction', topic, partition, key: undefined } as const
  return { ...place, expected: 'none to be open', got: `one since offset ${lastStableOffset}` }
}

async function behindOffset(simulation: Simulation): Promise<SimulationDifference | undefined> {
  const { broker, setup } = simulation
  const isolation = setup.exactlyOnce ? 'read_committed' : 'read_uncommitted'
  const partitions = simulation.inputPartitions()
  const committed = await simulation.committed(partitions)
  for (const { topic, partition } of partitions) {
    const log = broker.partition(topic, partition)
    const found = committed.find((each) => each.topic === topic && each.partition === partition)
    const offset = found?.offset ?? 0
    const place = { what: 'offset', topic, partition, key: undefined } as const
    if (offset > log.highWatermark) {
      return { ...place, expected: `at most ${log.highWatermark}`, got: `${offset}` }
    }
    const [left] = loggedRecords(log, isolation, offset)
    if (left) return { ...place, expected: 'the end', got: `${offset}, before a record` }
  }
  return undefined
}
