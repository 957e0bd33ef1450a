import type { TaskId } from '../core/task-id.ts'
import type {
  BrokerStatus,
  StandbyStatus,
  TaskStatus,
  WorkerState,
} from '../runtime/worker-status.ts'
import type { ErrorMessage } from './error-message.ts'
import type { LogLevel, PortableFacts } from './portable-log.ts'
import type { PortableEntry } from './store-codec.ts'

/** What a thread is started with. */
export interface ThreadTask {
  /** From 1. */
  readonly index: number
  readonly processId: string
  /** The address of the module whose default export is the configuration. */
  readonly module: string
  /** What is plain data of the process's configuration, which wins over the module's. */
  readonly settings: object
  /** The process's topology as text: the module's must be the same. */
  readonly topology: string
  /** What the process knows of the state folder that it holds, for who opens it; undefined: state is in memory. */
  readonly folder: unknown
}

/** What a thread does now, told whenever it changes, and as a sign of life. */
export interface ThreadReport {
  readonly state: WorkerState
  readonly error: ErrorMessage | undefined
  readonly tasks: readonly TaskStatus[]
  readonly standbys: readonly StandbyStatus[]
  readonly broker: BrokerStatus | undefined
  readonly stores: readonly StorePlace[]
}

/** A partition of a store that a thread has. */
export interface StorePlace {
  readonly storeName: string
  readonly taskId: TaskId | 'global'
  readonly partition: number | undefined
  readonly partitions: number
  readonly asOfMs: number
  readonly lagRecords: number | undefined
}

/** A read of one partition of a store. */
export interface StoreRead {
  readonly storeName: string
  readonly partition: number | undefined
  /** Of the store, such as `getWithTimestamp`. */
  readonly method: string
  readonly args: readonly unknown[]
}

/** The answer to a read, with how far the state was of which it is. */
export interface ReadAnswer {
  readonly result: PortableEntry | number | undefined
  readonly asOfMs: number
  readonly lagRecords: number | undefined
}

/** A part of a scan's entries. */
export interface ScanPage {
  readonly entries: readonly PortableEntry[]
  /** Under which the rest can be had; undefined at the end. */
  readonly rest: number | undefined
}

/** What a thread answers. */
export type ThreadCalls = {
  /** Loads the module, and reaches the broker. */
  readonly open: () => Promise<void>
  /** Resolves when the thread's tasks are running. */
  readonly start: () => Promise<void>
  readonly close: (timeoutMs: number) => Promise<void>
  /** The metrics of this thread, as prom-client writes them in JSON. */
  readonly metrics: () => Promise<readonly object[]>
  readonly places: (storeName: string) => readonly StorePlace[]
  readonly read: (read: StoreRead) => Promise<ReadAnswer>
  readonly scan: (read: StoreRead) => Promise<ScanPage>
  readonly nextPage: (rest: number) => Promise<ScanPage>
  readonly endScan: (rest: number) => Promise<void>
}

/** What the process answers a thread. */
export type ProcessCalls = {
  /** Resolves when no other thread has the task's state folder open. */
  readonly acquire: (task: string) => Promise<void>
  readonly release: (task: string) => void
  readonly report: (report: ThreadReport) => void
  /** What ends the thread. */
  readonly failed: (error: ErrorMessage) => void
  readonly log: (level: LogLevel, message: string, facts: PortableFacts | undefined) => void
}
