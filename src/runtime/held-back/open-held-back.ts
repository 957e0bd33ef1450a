import type { ActiveTask } from '../active-task.ts'
import { droppedTopicOf } from '../input-topics.ts'
import type { WorkerOptions } from '../worker-options.ts'
import { DroppedLettersTopic } from './dropped-letters.ts'
import type { HoldBackOptions } from './held-back.ts'

/** Follows what operators drop, where later records are held back; undefined where they are not. */
export async function openDroppedLetters(
  options: WorkerOptions,
  wake: () => void,
  tasks: () => readonly ActiveTask[],
): Promise<DroppedLettersTopic | undefined> {
  const { broker, clock, logger, applicationId, config } = options
  if (!config.holdBackLaterRecords) return undefined
  const letters = new DroppedLettersTopic({
    broker,
    clock,
    logger,
    applicationId,
    topic: droppedTopicOf(options),
    intervalMs: config.droppedIntervalMs,
    isNeeded: () => tasks().some(({ task }) => (task.heldBack?.records ?? 0) > 0),
    onNew: wake,
  })
  await letters.open(config)
  return letters
}

/** How the tasks of a worker hold records back. */
export function holdBackOptions(
  { config }: WorkerOptions,
  dropped: DroppedLettersTopic,
): HoldBackOptions {
  return { maxRecords: config.maxHeldBackRecords, onLimit: config.onHeldBackLimit, dropped }
}
