import type { Headers } from '../core/headers.ts'

/** Where a processor's writes get their event time: the record, or the punctuation, that this processor handles. */
export interface WriteTime {
  readonly recordTimestampMs: number
  /** The headers of that record; undefined in a punctuation. */
  readonly recordHeaders: Headers | undefined
}
