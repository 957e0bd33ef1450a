import type { FetchedPartition, RecordCursor } from '../../src/broker/port.ts'
import { noHeaders, type Headers } from '../../src/core/headers.ts'

/** A record of an input partition, with text for bytes. */
export interface InputText {
  readonly key?: string | null
  readonly value?: string | null
  readonly timestampMs: number
  readonly offset?: number
  readonly headers?: Headers
}

export interface FetchedOptions {
  readonly partition?: number
  /** Offset of the first record, where records have none of their own. */
  readonly from?: number
  /** Records that the broker has beyond these. */
  readonly lag?: number
  readonly nextOffset?: number
  readonly lastStableOffset?: number
}

/** What a fetch brings: these records, one after the other in one buffer. */
export function fetched(
  topic: string,
  records: readonly InputText[],
  options: FetchedOptions = {},
): FetchedPartition {
  const from = options.from ?? 0
  const offsets = records.map(({ offset }, i) => offset ?? from + i)
  const nextOffset = options.nextOffset ?? (offsets.at(-1) ?? from - 1) + 1
  const highWatermark = nextOffset + (options.lag ?? 0)
  const cursor = new TextCursor(records, offsets)
  return {
    topic,
    partition: options.partition ?? 0,
    records: cursor,
    bytes: cursor.buffer.length,
    nextOffset,
    highWatermark,
    lastStableOffset: options.lastStableOffset ?? highWatermark,
    logStartOffset: 0,
  }
}

class TextCursor implements RecordCursor {
  readonly buffer: Buffer
  offset = -1
  timestampMs = -1
  keyStart = 0
  keyEnd = -1
  valueStart = 0
  valueEnd = -1
  readonly #records: readonly InputText[]
  readonly #offsets: readonly number[]
  #index = -1
  #end = 0

  constructor(records: readonly InputText[], offsets: readonly number[]) {
    this.#records = records
    this.#offsets = offsets
    this.buffer = Buffer.concat(
      records.flatMap(({ key, value }) => [Buffer.from(key ?? ''), Buffer.from(value ?? '')]),
    )
  }

  next(): boolean {
    const record = this.#records[++this.#index]
    if (!record) return false
    this.offset = this.#offsets[this.#index]!
    this.timestampMs = record.timestampMs
    ;[this.keyStart, this.keyEnd] = this.#span(record.key)
    ;[this.valueStart, this.valueEnd] = this.#span(record.value)
    return true
  }

  headers(): Headers {
    return this.#records[this.#index]!.headers ?? noHeaders
  }

  #span(text: string | null | undefined): [number, number] {
    const start = this.#end
    if (text === null || text === undefined) return [start, -1]
    this.#end = start + Buffer.byteLength(text)
    return [start, this.#end]
  }
}
