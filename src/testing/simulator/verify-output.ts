import type { Isolation } from '../../broker/port.ts'
import { compareRecords } from './compare-records.ts'
import { loggedRecords, readable, type LoggedRecord } from './logged-records.ts'
import { keyOfRow, recompute, rowsOfStore } from './recompute.ts'
import type { Simulation } from './simulation.ts'
import type { SimulationDifference } from './simulation-result.ts'
import { applicationId } from './simulation-setup.ts'

/** Recomputes everything from the committed input, and gives the first difference from what the application has. */
export async function verifyOutput(
  simulation: Simulation,
  stores: readonly string[],
): Promise<SimulationDifference | undefined> {
  const { setup, environment } = simulation
  const { plan, outputs, exactlyOnce } = setup
  const zombiesAllowed = simulation.hadZombies
  const input = inOrderOfTime(recordsOf(simulation, setup.inputTopics, 'read_committed'))
  const topics = [...outputs.keys()]
  const expected = await recompute(plan, environment, input, topics)
  for (const [topic, comparison] of outputs) {
    const got = recordsOf(simulation, [topic], 'read_committed')
    const rules = { topic, comparison, duplicatesAllowed: !exactlyOnce, zombiesAllowed }
    const difference = compareRecords(rules, expected.outputs.get(topic) ?? [], got)
    if (difference) return difference
  }
  return verifyStores(simulation, stores, expected.stores)
}

/** How many records can be seen in the output topics. */
export function countOutput(simulation: Simulation): number {
  const { outputs, exactlyOnce } = simulation.setup
  const isolation = exactlyOnce ? 'read_committed' : 'read_uncommitted'
  return recordsOf(simulation, [...outputs.keys()], isolation).length
}

/** A record that was set aside though nothing is wrong with it. */
export function verifyDeadLetters(simulation: Simulation): SimulationDifference | undefined {
  const topic = simulation.setup.config.deadLetterTopic ?? `${applicationId}-dead-letters`
  const [found] = recordsOf(simulation, [topic], 'read_committed')
  if (!found) return undefined
  const reason = found.headers.find(({ key }) => key.endsWith('errors.message'))?.value
  return {
    what: 'dead-letter',
    topic,
    partition: found.partition,
    key: readable(found.key),
    expected: 'none',
    got: `${readable(found.value)} (${reason?.toString() ?? 'without a reason'})`,
  }
}

function verifyStores(
  { workers, hadZombies }: Simulation,
  names: readonly string[],
  expected: ReadonlyMap<string, readonly string[]>,
): SimulationDifference | undefined {
  for (const name of names) {
    const views = workers.flatMap(({ worker }) => worker?.storeViews(name) ?? [])
    // Of a value that a zombie wrote over, the row is left.
    const shown = (row: string): string => (hadZombies ? keyOfRow(row) : row)
    const got = views.flatMap(({ store }) => rowsOfStore(store).map(shown)).sort()
    const wanted = (expected.get(name) ?? []).map(shown).sort()
    const at = wanted.findIndex((row, i) => row !== got[i])
    if (at < 0 && wanted.length === got.length) continue
    const first = at < 0 ? wanted.length : at
    return {
      what: 'store',
      topic: name,
      partition: undefined,
      key: undefined,
      expected: `${wanted[first] ?? '(nothing)'} among ${wanted.length} rows`,
      got: `${got[first] ?? '(nothing)'} among ${got.length}`,
    }
  }
  return undefined
}

function recordsOf(
  { broker }: Simulation,
  topics: readonly string[],
  isolation: Isolation,
): LoggedRecord[] {
  return topics.flatMap((name) =>
    broker.topic(name).partitions.flatMap((log) => loggedRecords(log, isolation)),
  )
}

/** As tasks would choose them; of each partition in its order. */
function inOrderOfTime(records: readonly LoggedRecord[]): LoggedRecord[] {
  const queues = new Map<string, LoggedRecord[]>()
  for (const record of records) {
    const name = `${record.topic}-${record.partition}`
    const queue = queues.get(name)
    if (queue) queue.push(record)
    else queues.set(name, [record])
  }
  const waiting = [...queues.values()].map((queue) => ({ queue, at: 0 }))
  const ordered: LoggedRecord[] = []
  for (;;) {
    let next: (typeof waiting)[number] | undefined
    for (const each of waiting) {
      const head = each.queue[each.at]
      if (head === undefined) continue
      if (next === undefined || head.timestampMs < next.queue[next.at]!.timestampMs) next = each
    }
    if (!next) return ordered
    ordered.push(next.queue[next.at++]!)
  }
}
