import { UndoLog } from '../state/undo-log.ts'
import type { ProcessorProgress } from '../topology/processor.ts'
import type { StreamTaskOptions } from './stream-task-options.ts'
import { HeldBack } from './held-back/held-back.ts'
import { TaskCalls } from './task-calls.ts'
import type { TaskMetrics } from './task-metrics.ts'
import type { TaskPunctuation } from './task-punctuation.ts'
import type { TaskScope } from './task-scope.ts'
import type { TaskTimers } from './task-timers.ts'

/** What a record does is kept apart only where a handler may ask for it to be undone. */
export function undoLogOf({ handlers, state, retries }: StreamTaskOptions): UndoLog | undefined {
  const { processing, production } = handlers
  if (retries === 'never' || (!processing.retries && !production.retries)) return undefined
  const undo = new UndoLog()
  state.keepUndo(undo)
  return undo
}

/** What a task is made of and its nodes share. */
export interface ScopeParts {
  readonly punctuation: TaskPunctuation
  readonly timers: TaskTimers
  readonly metrics: TaskMetrics
  readonly progress: ProcessorProgress
  readonly undo: UndoLog | undefined
}

/** The scope of a task in which nothing is in process yet. */
export function scopeOf(
  options: StreamTaskOptions,
  { punctuation, timers, metrics, progress, undo }: ScopeParts,
): TaskScope {
  const { id, applicationId, logger, clock, storeClock, environment, collector, state } = options
  const calls = new TaskCalls(id, options.callClock ?? clock, options.wake ?? (() => {}))
  const { holdBack } = options
  return {
    id,
    applicationId,
    logger,
    clock,
    storeClock,
    environment,
    collector,
    streamPunctuations: punctuation.streamTime,
    wallClockPunctuations: punctuation.wallClock,
    dropped: metrics.dropped,
    progress,
    undo,
    taskStore: (name) => state.store(name),
    globalStore: (name) => options.globalStore(name),
    timers,
    calls,
    heldBack: holdBack && new HeldBack({ ...options, calls, metrics, options: holdBack }),
    input: undefined,
    punctuationMs: undefined,
    timer: undefined,
    commitRequested: false,
    held: undefined,
    waiting: [],
    metricsOf: (processor) => metrics.ofProcessor(processor),
  }
}
