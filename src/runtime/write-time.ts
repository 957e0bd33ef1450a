/** Where a processor's writes get their event time: the record, or the punctuation, that this processor handles. */
export interface WriteTime {
  readonly recordTimestampMs: number
}
