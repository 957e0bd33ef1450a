import type { RecordCursor } from '../broker/port.ts'
import { noHeaders, type Headers } from '../core/headers.ts'
import { isPromise, type MaybePromise } from '../core/maybe-promise.ts'
import type { Serde, SerdeContext } from '../serdes/serde.ts'
import type { AnyRecord } from './graph-node.ts'

const noBuffer = Buffer.alloc(0)
/** Stands for a key that was not read ahead, or that was given to its record. */
const unread = Symbol('unread')

/**
 * Some records of one partition: their places in the fetched bytes, and what was made of those so far. The arrays are
 * filled anew for each chunk, so that only keys and records themselves are allocated.
 */
export class RecordChunk {
  readonly capacity: number
  /** How many records are in the arrays. */
  count = 0
  /** Those that were read; undefined where a record cannot be read or is not wanted. */
  readonly records: (AnyRecord | undefined)[] = []
  /** How many were read. */
  readTo = 0
  /** Whether everything is read that is to be read before the first record's turn. */
  prepared = false
  /** Where the next fetch begins, if the chunk ends with all that one fetch brought. */
  endOffset: number | undefined
  /** Bytes of the fetches that end in this chunk. */
  bytes = 0
  /** Why a record cannot be read, by its place in the chunk. */
  readonly faults: Map<number, Error> = new Map()
  readonly #offsets: Float64Array
  readonly #timestampsMs: Float64Array
  /** Start and end of key and value of each record; an end of −1 stands for null. */
  readonly #spans: Int32Array
  readonly #buffers: Buffer[]
  readonly #headers: Headers[]
  readonly #keys: unknown[]

  constructor(capacity: number) {
    this.capacity = capacity
    this.#offsets = new Float64Array(capacity)
    this.#timestampsMs = new Float64Array(capacity)
    this.#spans = new Int32Array(4 * capacity)
    this.#buffers = new Array<Buffer>(capacity).fill(noBuffer)
    this.#headers = new Array<Headers>(capacity).fill(noHeaders)
    this.#keys = new Array<unknown>(capacity).fill(unread)
  }

  /** Notes the places of records until the chunk is full; gives whether the cursor is at its end. */
  take(cursor: RecordCursor): boolean {
    while (this.count < this.capacity) {
      if (!cursor.next()) return true
      const i = this.count++
      const span = 4 * i
      this.#offsets[i] = cursor.offset
      this.#timestampsMs[i] = cursor.timestampMs
      this.#spans[span] = cursor.keyStart
      this.#spans[span + 1] = cursor.keyEnd
      this.#spans[span + 2] = cursor.valueStart
      this.#spans[span + 3] = cursor.valueEnd
      this.#buffers[i] = cursor.buffer
      this.#headers[i] = cursor.headers()
    }
    return false
  }

  offset(i: number): number {
    return this.#offsets[i]!
  }

  /** The timestamp that the record was written with. */
  timestampMs(i: number): number {
    return this.#timestampsMs[i]!
  }

  headers(i: number): Headers {
    return this.#headers[i]!
  }

  /** The bytes of the key, in place; null for a null key. */
  keySlice(i: number): Buffer | null {
    return this.#slice(i, 0)
  }

  valueSlice(i: number): Buffer | null {
    return this.#slice(i, 2)
  }

  /** Reads a key before its record's turn, and keeps it until then. */
  readKeyAhead(i: number, serde: Serde<unknown>, context: SerdeContext): unknown {
    const key = this.#read(i, 0, serde, context)
    this.#keys[i] = key
    return key
  }

  /** Gives the key that was read ahead, and lets go of it; where none was, reads it. */
  takeKey(i: number, serde: Serde<unknown>, context: SerdeContext): unknown {
    const key = this.#keys[i]
    if (key === unread) return this.#read(i, 0, serde, context)
    this.#keys[i] = unread
    return key
  }

  readValue(i: number, serde: Serde<unknown>, context: SerdeContext): unknown {
    return this.#read(i, 2, serde, context)
  }

  /** Lets the serdes get what they need to read these records; undefined where nothing is missing. */
  resolve(
    key: Serde<unknown>,
    keyContext: SerdeContext,
    value: Serde<unknown>,
    valueContext: SerdeContext,
  ): MaybePromise<void> {
    const keys = key.resolve?.(this.#slices(0), keyContext)
    const values = value.resolve?.(this.#slices(2), valueContext)
    if (!isPromise(keys)) return values
    return isPromise(values) ? Promise.all([keys, values]).then(() => {}) : keys
  }

  /** Lets go of records, keys and bytes. */
  clear(): void {
    this.records.fill(undefined, 0, this.readTo)
    this.#keys.fill(unread, 0, this.count)
    this.#buffers.fill(noBuffer, 0, this.count)
    this.#headers.fill(noHeaders, 0, this.count)
    this.faults.clear()
    this.count = 0
    this.readTo = 0
    this.prepared = false
    this.endOffset = undefined
    this.bytes = 0
  }

  #read(i: number, part: 0 | 2, serde: Serde<unknown>, context: SerdeContext): unknown {
    const span = 4 * i + part
    const end = this.#spans[span + 1]!
    if (end < 0) return null
    const start = this.#spans[span]!
    const buffer = this.#buffers[i]!
    if (serde.deserializeAt !== undefined) return serde.deserializeAt(buffer, start, end, context)
    return serde.deserialize(buffer.subarray(start, end), context)
  }

  #slice(i: number, part: 0 | 2): Buffer | null {
    const span = 4 * i + part
    const end = this.#spans[span + 1]!
    return end < 0 ? null : this.#buffers[i]!.subarray(this.#spans[span], end)
  }

  #slices(part: 0 | 2): Buffer[] {
    const slices: Buffer[] = []
    for (let i = 0; i < this.count; i++) {
      const slice = this.#slice(i, part)
      if (slice !== null) slices.push(slice)
    }
    return slices
  }
}
