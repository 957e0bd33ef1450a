import type { Clock } from '../core/clock.ts'
import type { Headers } from '../core/headers.ts'
import type { Logger } from '../core/logger.ts'
import type { TaskId } from '../core/task-id.ts'
import type { TopicPartition } from '../core/topic-partition.ts'
import type { Counter } from '../metrics/sensors.ts'
import type { SerdeEnvironment } from '../serdes/serde.ts'
import type { StateStore } from '../state/store.ts'
import type { StoreClock } from '../state/task-state.ts'
import type { UndoLog } from '../state/undo-log.ts'
import type {
  DropRule,
  ProcessorMetrics,
  ProcessorProgress,
  RecordMetadata,
} from '../topology/processor.ts'
import type { HeldBack } from './held-back/held-back.ts'
import type { PunctuationQueue } from './punctuation-queue.ts'
import type { HeldTimer } from './timer-head.ts'
import type { TaskCalls } from './task-calls.ts'
import type { TaskTimers } from './task-timers.ts'
import type { RecordCollector } from './record-collector.ts'

/** The input record in process, as it was read. */
export interface InputRecord extends TopicPartition {
  readonly offset: number
  readonly timestampMs: number
  /** Copies the bytes of the key; null for a null key. */
  keyBytes(): Buffer | null
  valueBytes(): Buffer | null
  readonly headers: Headers
}

/** What the nodes of one task share: the services they use and the record in process. */
export interface TaskScope {
  readonly id: TaskId
  readonly applicationId: string
  readonly logger: Logger
  readonly clock: Clock
  readonly storeClock: StoreClock
  readonly environment: SerdeEnvironment
  readonly collector: RecordCollector
  readonly streamPunctuations: PunctuationQueue
  readonly wallClockPunctuations: PunctuationQueue
  readonly timers: TaskTimers
  readonly calls: TaskCalls
  /** Count the records that operators drop, by rule. */
  readonly dropped: Readonly<globalThis.Record<DropRule, Counter>>
  /** What processors keep with the committed offsets. */
  readonly progress: ProcessorProgress
  /** A store of the task's own. */
  taskStore(name: string): StateStore
  globalStore(name: string): StateStore | undefined
  /** What the record in process did; undefined where no error handler retries. */
  readonly undo: UndoLog | undefined
  /** Holds records back behind dead letters of their key; undefined where nobody asked for that. */
  readonly heldBack: HeldBack | undefined
  /** Undefined in `init` and in punctuations. */
  input: InputRecord | undefined
  /** The time of the punctuation or timer that runs, if one does. */
  punctuationMs: number | undefined
  /** The timer that fires, if one does. */
  timer: HeldTimer | undefined
  commitRequested: boolean
  /** Where the record was read that an operator held back and forwards now; undefined while none does. */
  held: { readonly origin: RecordMetadata | undefined } | undefined
  /** The processors that wait for something, the one that the others wait for first. */
  readonly waiting: string[]
  /** Instruments for the processor of that name. */
  metricsOf(processor: string): ProcessorMetrics
}
