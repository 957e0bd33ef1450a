import type { Headers } from '../../core/headers.ts'
import { bytesOf, offsetOf, type ChunkTransaction, type RecordChunk } from './record-chunk.ts'

/** Beyond this, chunks are left as they are: moving them again would cost more than it saves. */
const coalescedBytesMax = 65_536
const coalescedRecordsMax = 1_024

/** Makes one chunk of records of several. Readers of the former chunks are not disturbed. */
export class ChunkRewriter {
  readonly baseOffset: number
  #bytes = 0
  readonly #parts: Buffer[] = []
  readonly #deltas: number[] = []
  readonly #timestamps: number[] = []
  readonly #bounds: number[] = []
  #headers: (Headers | undefined)[] | undefined
  #maxTimestampMs = -1

  constructor(baseOffset: number) {
    this.baseOffset = baseOffset
  }

  get count(): number {
    return this.#deltas.length
  }

  /** Whether the chunk has become as large as rewritten ones should be. */
  get full(): boolean {
    return this.#bytes >= coalescedBytesMax || this.count >= coalescedRecordsMax
  }

  /** Takes one record over, with its offset. */
  copy(chunk: RecordChunk, index: number): void {
    const headers = chunk.headers?.[index]
    if (headers) {
      this.#headers ??= []
      this.#headers[this.count] = headers
    }
    this.#deltas.push(offsetOf(chunk, index) - this.baseOffset)
    this.#put(bytesOf(chunk, index, 0))
    this.#put(bytesOf(chunk, index, 2))
    const timestampMs = chunk.timestamps[index]!
    this.#timestamps.push(timestampMs)
    this.#maxTimestampMs = Math.max(this.#maxTimestampMs, timestampMs)
  }

  /** The chunk; it takes the offsets up to `nextOffset`. */
  finish(
    nextOffset: number,
    transaction: ChunkTransaction | undefined,
    tombstonesUntilMs?: number,
  ): RecordChunk {
    return {
      baseOffset: this.baseOffset,
      nextOffset,
      deltas: this.#deltas.every((delta, index) => delta === index) ? undefined : this.#deltas,
      count: this.count,
      timestamps: this.#timestamps,
      maxTimestampMs: this.#maxTimestampMs,
      buffer: Buffer.concat(this.#parts, this.#bytes),
      bounds: this.#bounds,
      headers: this.#headers,
      transaction,
      tombstonesUntilMs,
    }
  }

  #put(bytes: Buffer | null): void {
    if (bytes === null) {
      this.#bounds.push(this.#bytes, -1)
      return
    }
    this.#bounds.push(this.#bytes, this.#bytes + bytes.length)
    this.#parts.push(bytes)
    this.#bytes += bytes.length
  }
}

/**
 * Joins the last chunks of a log where each is no larger than the one after it, so that a producer which flushes
 * record by record leaves few chunks, and each record moves only a few times.
 */
export function coalesceLast(chunks: RecordChunk[]): void {
  for (;;) {
    const last = chunks.at(-1)
    const before = chunks.at(-2)
    if (!last || !before || !canJoin(before, last)) return
    const rewriter = new ChunkRewriter(before.baseOffset)
    for (const chunk of [before, last]) {
      for (let index = 0; index < chunk.count; index++) rewriter.copy(chunk, index)
    }
    chunks.splice(
      -2,
      2,
      rewriter.finish(last.nextOffset, isSettled(last) ? undefined : last.transaction),
    )
  }
}

function canJoin(before: RecordChunk, last: RecordChunk): boolean {
  return (
    (before.transaction === last.transaction || (isSettled(before) && isSettled(last))) &&
    before.tombstonesUntilMs === undefined &&
    before.count <= last.count &&
    before.count + last.count <= coalescedRecordsMax &&
    before.buffer.length + last.buffer.length <= coalescedBytesMax
  )
}

/** Whether its records are seen by all, now and for ever. */
function isSettled({ transaction }: RecordChunk): boolean {
  return transaction === undefined || transaction.state === 'committed'
}
