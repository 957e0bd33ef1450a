import type { FetchedPartition, RecordCursor } from '../broker/port.ts'
import type { Headers } from '../core/headers.ts'

/** A record of a topic of the test driver: bytes, as a broker would keep them. */
export interface RawTestRecord {
  readonly partition: number
  readonly offset: number
  readonly timestampMs: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: Headers
}

/** Records as a fetch brings them. */
export function fetchedOf(topic: string, record: RawTestRecord): FetchedPartition {
  const nextOffset = record.offset + 1
  return {
    topic,
    partition: 0,
    records: new SingleRecordCursor(record),
    bytes: (record.key?.length ?? 0) + (record.value?.length ?? 0),
    nextOffset,
    highWatermark: nextOffset,
    lastStableOffset: nextOffset,
    logStartOffset: 0,
  }
}

class SingleRecordCursor implements RecordCursor {
  readonly offset: number
  readonly timestampMs: number
  readonly buffer: Buffer
  readonly keyStart: number = 0
  readonly keyEnd: number
  readonly valueStart: number
  readonly valueEnd: number
  readonly #headers: Headers
  #done = false

  constructor({ offset, timestampMs, key, value, headers }: RawTestRecord) {
    const keyLength = key?.length ?? 0
    this.offset = offset
    this.timestampMs = timestampMs
    this.buffer = Buffer.concat([key ?? Buffer.alloc(0), value ?? Buffer.alloc(0)])
    this.keyEnd = key === null ? -1 : keyLength
    this.valueStart = keyLength
    this.valueEnd = value === null ? -1 : this.buffer.length
    this.#headers = headers
  }

  next(): boolean {
    const first = !this.#done
    this.#done = true
    return first
  }

  headers(): Headers {
    return this.#headers
  }
}
