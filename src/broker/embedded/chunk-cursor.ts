import { noHeaders, type Headers } from '../../core/headers.ts'
import type { RecordCursor } from '../port.ts'
import { offsetOf, type RecordChunk } from './record-chunk.ts'

/** Walks the records of chunks from an offset on. */
export class ChunkCursor implements RecordCursor {
  offset = -1
  timestampMs = -1
  buffer: Buffer = Buffer.alloc(0)
  keyStart = 0
  keyEnd = -1
  valueStart = 0
  valueEnd = -1
  readonly #chunks: readonly RecordChunk[]
  readonly #from: number
  #chunk = 0
  #index = -1

  /** `chunks` hold nothing but visible records. */
  constructor(chunks: readonly RecordChunk[], from: number) {
    this.#chunks = chunks
    this.#from = from
  }

  next(): boolean {
    for (;;) {
      const chunk = this.#chunks[this.#chunk]
      if (!chunk) return false
      const index = ++this.#index
      if (index >= chunk.count) {
        this.#chunk++
        this.#index = -1
        continue
      }
      const offset = offsetOf(chunk, index)
      if (offset < this.#from) continue
      this.offset = offset
      this.timestampMs = chunk.timestamps[index]!
      this.buffer = chunk.buffer
      const at = index * 4
      this.keyStart = chunk.bounds[at]!
      this.keyEnd = chunk.bounds[at + 1]!
      this.valueStart = chunk.bounds[at + 2]!
      this.valueEnd = chunk.bounds[at + 3]!
      return true
    }
  }

  headers(): Headers {
    return this.#chunks[this.#chunk]?.headers?.[this.#index] ?? noHeaders
  }
}
