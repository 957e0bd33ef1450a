import type { PartitionLog } from '../../broker/embedded/partition-log.ts'
import { taskIdName } from '../../core/task-id.ts'
import { memoryState } from '../../state/memory/memory-state.ts'
import type { TaskState } from '../../state/task-state.ts'
import { decoratedTopicName } from '../../topology/topology-plan.ts'
import { loggedRecords } from './logged-records.ts'
import { rowsOfStore } from './recompute.ts'
import { SimulatedDisk, SimulatedState, type StoredTask } from './simulated-disk.ts'
import type { Simulation } from './simulation.ts'
import type { SimulationDifference } from './simulation-result.ts'
import { applicationId } from './simulation-setup.ts'

/**
 * Holds each disk, also those of workers that have the task no longer, against the changelog: what is on it must be what
 * the changelog says up to the offset that the disk says it includes, and no record more or less.
 */
export async function verifyDisks(
  simulation: Simulation,
  isCompacted: boolean,
): Promise<SimulationDifference | undefined> {
  for (const { name, disk } of simulation.workers) {
    for (const stored of disk.tasks.values()) {
      const difference = await verifyTask(simulation, name, stored, isCompacted)
      if (difference) return difference
    }
  }
  return undefined
}

async function verifyTask(
  { setup, broker }: Simulation,
  worker: string,
  stored: StoredTask,
  isCompacted: boolean,
): Promise<SimulationDifference | undefined> {
  const { taskId, options } = stored
  const { plan } = setup
  if (taskId === 'global') return undefined
  const subTopology = plan.subTopologies.find(({ id }) => id === taskId.subTopology)!
  for (const { storeName, engine } of subTopology.stores) {
    const logical = subTopology.changelogs.get(storeName)
    if (engine === 'memory' || logical === undefined || !plan.internalTopics.has(logical)) continue
    const included = stored.engine.offset(storeName)
    if (included === undefined) continue
    const log = broker.partition(decoratedTopicName(plan, applicationId, logical), taskId.partition)
    // What was written over later is gone from a compacted log.
    if (isCompacted && included < log.lastStableOffset) continue
    const place = {
      what: 'disk',
      topic: `${storeName} of task ${taskIdName(taskId)} on ${worker}`,
      partition: taskId.partition,
      key: undefined,
    } as const
    if (included > log.highWatermark) {
      const expected = `an offset of its changelog, which ends at ${log.highWatermark}`
      return { ...place, expected, got: `${included}` }
    }
    await using provider = memoryState()
    const replayed = await provider.openTask(options)
    await replay(replayed, storeName, log, included)
    const expected = rowsIn(replayed, storeName)
    const got = await onDisk(stored, storeName)
    const at = expected.findIndex((row, i) => row !== got[i])
    if (at < 0 && expected.length === got.length) continue
    const first = at < 0 ? expected.length : at
    return {
      ...place,
      expected: `${expected[first] ?? '(nothing)'} by offset ${included} of its changelog`,
      got: got[first] ?? '(nothing)',
    }
  }
  return undefined
}

async function replay(
  state: TaskState,
  storeName: string,
  log: PartitionLog,
  to: number,
): Promise<void> {
  const records = loggedRecords(log, 'read_committed', log.logStart, to)
  const changes = records.flatMap(({ key, value, timestampMs, headers }) =>
    key === null ? [] : [{ key, value, timestampMs, headers }],
  )
  await state.restore(storeName, changes, to)
}

function rowsIn(state: TaskState, storeName: string): string[] {
  return rowsOfStore(state.committedStore(storeName)).sort()
}

/** Opens what is on a disk as the worker would, without the worker. */
async function onDisk({ engine, options }: StoredTask, storeName: string): Promise<string[]> {
  const disk = new SimulatedDisk('')
  const name = options.taskId === 'global' ? 'global' : taskIdName(options.taskId)
  disk.tasks.set(name, { taskId: options.taskId, engine, options })
  await using provider = new SimulatedState(disk, {
    readsAreSlow: false,
    write: (_, apply) => apply(),
    read: (answer) => Promise.resolve(answer()),
    turn: () => Promise.resolve(),
  })
  return rowsIn(await provider.openTask(options), storeName)
}
