import { ChunkCursor } from '../../broker/embedded/chunk-cursor.ts'
import type { PartitionLog } from '../../broker/embedded/partition-log.ts'
import type { Isolation } from '../../broker/port.ts'
import type { Headers } from '../../core/headers.ts'

/** A record as it lies on the broker. */
export interface LoggedRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly timestampMs: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: Headers
}

/** The records of a partition that can be seen, from an offset on to before another. */
export function loggedRecords(
  log: PartitionLog,
  isolation: Isolation,
  from: number = log.logStart,
  to: number = Number.POSITIVE_INFINITY,
): LoggedRecord[] {
  const read = log.read(Math.max(from, log.logStart), isolation, Number.POSITIVE_INFINITY)
  if (!read) return []
  const records: LoggedRecord[] = []
  const cursor = new ChunkCursor(read.chunks, from)
  while (cursor.next() && cursor.offset < to) {
    const { buffer, keyStart, keyEnd, valueStart, valueEnd, offset, timestampMs } = cursor
    records.push({
      topic: log.topic,
      partition: log.partition,
      offset,
      timestampMs,
      key: keyEnd < 0 ? null : buffer.subarray(keyStart, keyEnd),
      value: valueEnd < 0 ? null : buffer.subarray(valueStart, valueEnd),
      headers: cursor.headers(),
    })
  }
  return records
}

/** Bytes for a person to read: as text where they are that, else in hexadecimal. */
export function readable(bytes: Buffer | null | undefined): string {
  if (bytes === undefined) return '(nothing)'
  if (bytes === null) return 'null'
  const text = bytes.toString('utf8')
  return /^[\x20-\x7e]*$/.test(text) ? JSON.stringify(text) : `0x${bytes.toString('hex')}`
}
