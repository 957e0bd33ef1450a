import type { ConcurrentCallsOptions } from '../topology/concurrent-calls.ts'
import type { SerdeOptions } from './operator-options.ts'
import type { RecordContext } from './record-context.ts'

/** What an asynchronous mapper may know of the record beside its value and key; it stays as it is while the call runs. */
export interface AsyncRecordContext extends RecordContext {
  /** Aborted when the time for the attempt is up, and when the task is closed or leaves this worker. */
  readonly signal: AbortSignal
  /** 1 the first time. */
  readonly attempt: number
}

/** Makes something of a record, by a call that may take its time. */
export type AsyncMapper<K, V, Out> = (value: V, key: K, context: AsyncRecordContext) => Promise<Out>

/** How the calls of `mapValuesAsync` are made. */
export interface MapValuesAsyncOptions<K, V> extends SerdeOptions<K, V>, ConcurrentCallsOptions {}
