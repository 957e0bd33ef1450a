import type { ActiveTask } from '../active-task.ts'
import type { BrokerRecordCollector } from '../broker-record-collector.ts'
import type { DeadLetters } from '../dead-letters.ts'
import type { GlobalStores } from '../global-stores.ts'
import { deadLetterTopicOf } from '../input-topics.ts'
import { droppedTopicOf } from '../redriven-from.ts'
import { TaskManager } from '../task-manager.ts'
import type { WorkerOptions } from '../worker-options.ts'
import { DroppedLettersTopic } from './dropped-letters.ts'
import { withHeldBack } from './held-back-plan.ts'

/** What the tasks of a worker share, but for what depends on holding records back. */
export interface TaskParts {
  readonly collector: BrokerRecordCollector
  readonly deadLetters: DeadLetters
  readonly globalStores: GlobalStores
  readonly wake: () => void
}

/**
 * The options of a worker whose plan has what its tasks need to hold records back, where it is to.
 *
 * @throws TopologyError where the topology does not go with that
 */
export function withHeldBackStores(options: WorkerOptions): WorkerOptions {
  const { plan, config } = options
  return config.holdBackLaterRecords ? { ...options, plan: withHeldBack(plan) } : options
}

/** Makes what keeps the tasks, and follows what operators drop, where later records are held back. */
export async function openTasks(
  options: WorkerOptions,
  { globalStores, ...shared }: TaskParts,
): Promise<{
  readonly tasks: TaskManager
  readonly droppedLetters: DroppedLettersTopic | undefined
}> {
  const { config } = options
  const all = (): readonly ActiveTask[] => tasks.all
  const droppedLetters = config.holdBackLaterRecords
    ? await openDroppedLetters(options, shared, all)
    : undefined
  const tasks: TaskManager = new TaskManager(options, {
    ...shared,
    globalStore: (name) => globalStores.store(name),
    holdBack: droppedLetters && {
      maxRecords: config.maxHeldBackRecords,
      onLimit: config.onHeldBackLimit,
      dropped: droppedLetters,
    },
  })
  return { tasks, droppedLetters }
}

async function openDroppedLetters(
  options: WorkerOptions,
  { collector, wake }: Omit<TaskParts, 'globalStores'>,
  tasks: () => readonly ActiveTask[],
): Promise<DroppedLettersTopic> {
  const { broker, clock, logger, applicationId, config } = options
  const letters = new DroppedLettersTopic({
    broker,
    clock,
    logger,
    applicationId,
    topic: droppedTopicOf(deadLetterTopicOf(options)),
    intervalMs: config.droppedIntervalMs,
    isNeeded: () => tasks().some(({ task }) => (task.heldBack?.records ?? 0) > 0),
    onNew: wake,
  })
  try {
    await letters.open(config)
  } catch (error) {
    await collector.producer.close()
    throw error
  }
  return letters
}
