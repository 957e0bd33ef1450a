import type { Headers } from '../../../../src/core/headers.ts'
import {
  RecordBatchCursor,
  type FetchedBytes,
} from '../../../../src/broker/kafkajs/codec/record-batch-cursor.ts'

/** A record, read out of the cursor. */
export interface ReadRecord {
  readonly offset: number
  readonly timestampMs: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: Headers
}

/** Reads every visible record of these bytes. */
export function readAll(bytes: Buffer, options: Partial<FetchedBytes> = {}): ReadRecord[] {
  const cursor = new RecordBatchCursor({
    topic: 'topic',
    partition: 3,
    buffer: bytes,
    start: 0,
    end: bytes.length,
    fromOffset: 0,
    ...options,
  })
  const records: ReadRecord[] = []
  while (cursor.next()) {
    const { buffer, keyStart, keyEnd, valueStart, valueEnd } = cursor
    records.push({
      offset: cursor.offset,
      timestampMs: cursor.timestampMs,
      headers: cursor.headers(),
      key: keyEnd < 0 ? null : buffer.subarray(keyStart, keyEnd),
      value: valueEnd < 0 ? null : buffer.subarray(valueStart, valueEnd),
    })
  }
  return records
}
