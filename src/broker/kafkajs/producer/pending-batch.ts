import { BatchWriter, batchBytesOf, laterRecordExtraBytes } from '../codec/batch-writer.ts'
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
  /** The producer's transaction that the records belong to; 0 outside of transactions. */
  readonly transaction: number
  readonly waiters: FlushWaiter[] = []
  /** Number of the first record among the producer's of this partition; −1 until the batch is first sent. */
  sequence = -1
  /** The finished batch, which is sent unchanged at every attempt. */
  sealed: Buffer | undefined
  /** Bytes that count as buffered because of it. */
  accountedBytes = 0

  constructor(writer: BatchWriter, createdAtMs: number, transaction: number) {
    this.writer = writer
    this.createdAtMs = createdAtMs
    this.transaction = transaction
  }

  get count(): number {
    return this.writer.count
  }

  /**
   * The same records in batches of at most `maxBytes`, or of one record. They keep their numbers, and whoever waits
   * for this batch waits for all of them.
   */
  split(topic: string, partition: number, maxBytes: number): PendingBatch[] {
    // Sealed without a producer: only its records are of use from here on.
    const nobody = { producerId: -1n, epoch: -1, sequence: -1, transactional: false }
    const buffer = this.writer.seal(nobody, 'none')
    const bytes = { topic, partition, buffer, start: 0, end: buffer.length, fromOffset: 0 }
    const cursor = new RecordBatchCursor(bytes)
    const parts: PendingBatch[] = []
    let part: PendingBatch | undefined
    while (cursor.next()) {
      const { buffer: from, keyStart, keyEnd, valueStart, valueEnd } = cursor
      const key = keyEnd < 0 ? null : from.subarray(keyStart, keyEnd)
      const value = valueEnd < 0 ? null : from.subarray(valueStart, valueEnd)
      const headers = cursor.headers()
      const more = batchBytesOf(key, value, headers) + laterRecordExtraBytes
      if (part === undefined || part.writer.bytes + more > maxBytes) {
        part = new PendingBatch(new BatchWriter(more), this.createdAtMs, this.transaction)
        part.sequence = sequenceAfter(this.sequence, cursor.offset)
        for (const waiter of this.waiters) {
          waiter.remaining++
          part.waiters.push(waiter)
        }
        parts.push(part)
      }
      part.writer.append(cursor.timestampMs, key, value, headers)
    }
    for (const each of parts) each.accountedBytes = Math.floor(this.accountedBytes / parts.length)
    parts[0]!.accountedBytes += this.accountedBytes % parts.length
    // The one that stood for the whole.
    for (const waiter of this.waiters) waiter.done()
    return parts
  }
}

/** Sequence numbers begin anew after 2³¹ − 1. */
export function sequenceAfter(sequence: number, count: number): number {
  return (sequence + count) % 0x80000000
}
