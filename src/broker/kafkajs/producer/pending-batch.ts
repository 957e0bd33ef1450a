import { noHeaders } from '../../../core/headers.ts'
import { BatchWriter } from '../codec/batch-writer.ts'
import { RecordBatchCursor } from '../codec/record-batch-cursor.ts'

/** Counts down the batches that a flush waits for. */
export interface FlushWaiter {
  remaining: number
  done(): void
}

/** A batch from its first record to its acknowledgement. */
export class PendingBatch {
  readonly writer: BatchWriter
  /** When its first record was appended, in monotonic milliseconds. */
  readonly createdAtMs: number
  readonly waiters: FlushWaiter[] = []
  /** Number of the first record among the producer's of this partition; −1 until the batch is first sent. */
  sequence = -1
  /** The finished batch, which is sent unchanged at every attempt. */
  sealed: Buffer | undefined
  /** Bytes that count as buffered because of it. */
  accountedBytes = 0
  /** The broker found it too large: its records are to be sent in two batches. */
  tooLarge = false

  constructor(writer: BatchWriter, createdAtMs: number) {
    this.writer = writer
    this.createdAtMs = createdAtMs
  }

  get count(): number {
    return this.writer.count
  }

  /** The two halves, which keep the numbers of their records; whoever waits for the batch waits for both. */
  split(topic: string, partition: number): [PendingBatch, PendingBatch] {
    const buffer = this.sealed!
    const bytes = { topic, partition, buffer, start: 0, end: buffer.length, fromOffset: 0 }
    const cursor = new RecordBatchCursor(bytes)
    const first = new PendingBatch(new BatchWriter(this.writer.bytes >> 1), this.createdAtMs)
    const second = new PendingBatch(new BatchWriter(this.writer.bytes >> 1), this.createdAtMs)
    const firstCount = this.count >> 1
    while (cursor.next()) {
      const { writer } = cursor.offset < firstCount ? first : second
      const { buffer: from, keyStart, keyEnd, valueStart, valueEnd } = cursor
      const key = keyEnd < 0 ? null : from.subarray(keyStart, keyEnd)
      const value = valueEnd < 0 ? null : from.subarray(valueStart, valueEnd)
      const headers = cursor.headers()
      writer.append(cursor.timestampMs, key, value, headers.length === 0 ? noHeaders : headers)
    }
    first.sequence = this.sequence
    second.sequence = sequenceAfter(this.sequence, first.count)
    first.accountedBytes = this.accountedBytes >> 1
    second.accountedBytes = this.accountedBytes - first.accountedBytes
    for (const waiter of this.waiters) {
      waiter.remaining++
      first.waiters.push(waiter)
      second.waiters.push(waiter)
    }
    return [first, second]
  }
}

/** Sequence numbers begin anew after 2³¹ − 1. */
export function sequenceAfter(sequence: number, count: number): number {
  return (sequence + count) % 0x80000000
}
