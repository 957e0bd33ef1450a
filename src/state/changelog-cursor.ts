import type { Headers } from '../core/headers.ts'

/**
 * Walks changelog records as they were fetched, without making an object a record: after `next()` returned true, the
 * fields describe the current record, and the bytes of key and value lie in `buffer`. A null key or value has end −1.
 */
export interface ChangelogCursor {
  next(): boolean
  readonly timestampMs: number
  readonly buffer: Buffer
  readonly keyStart: number
  readonly keyEnd: number
  readonly valueStart: number
  readonly valueEnd: number
  headers(): Headers
}
