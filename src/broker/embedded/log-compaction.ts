import { ChunkRewriter } from './chunk-rewriter.ts'
import { bytesOf, offsetOf, type RecordChunk } from './record-chunk.ts'

/** What compaction depends on beside the log. */
export interface CompactionTimes {
  readonly nowMs: number
  /** How long a tombstone stays after it was first compacted, so that no reader misses it. */
  readonly deleteRetentionMs: number
}

/**
 * Keeps the last record of each key among the chunks before `stable`; aborted records go at once,
 * tombstones when their time is over. Offsets stay what they are; a record without a key is kept.
 *
 * @remarks Source: Kafka's `LogCleaner`, KIP-534 for how long tombstones stay.
 */
export function compactChunks(
  chunks: readonly RecordChunk[],
  stable: number,
  times: CompactionTimes,
): RecordChunk[] {
  const last = lastOffsets(chunks, stable)
  const compacted: RecordChunk[] = []
  let rewriter: ChunkRewriter | undefined
  let untilMs = 0
  let nextOffset = 0
  const finish = (): void => {
    if (rewriter && rewriter.count > 0) {
      compacted.push(rewriter.finish(nextOffset, undefined, untilMs))
    }
    rewriter = undefined
  }
  for (const chunk of chunks) {
    if (chunk.nextOffset > stable) {
      finish()
      compacted.push(chunk)
      continue
    }
    if (isUnseen(chunk)) continue
    const chunkUntilMs = chunk.tombstonesUntilMs ?? times.nowMs + times.deleteRetentionMs
    if (rewriter?.full || chunkUntilMs !== untilMs) finish()
    untilMs = chunkUntilMs
    const keepTombstones = times.nowMs < untilMs
    for (let index = 0; index < chunk.count; index++) {
      if (!isKept(chunk, index, last, keepTombstones)) continue
      rewriter ??= new ChunkRewriter(offsetOf(chunk, index))
      rewriter.copy(chunk, index)
      nextOffset = offsetOf(chunk, index) + 1
    }
  }
  finish()
  return compacted
}

function lastOffsets(chunks: readonly RecordChunk[], stable: number): Map<string, number> {
  const last = new Map<string, number>()
  for (const chunk of chunks) {
    if (chunk.nextOffset > stable) break
    if (isUnseen(chunk)) continue
    for (let index = 0; index < chunk.count; index++) {
      const key = bytesOf(chunk, index, 0)
      if (key) last.set(key.toString('latin1'), offsetOf(chunk, index))
    }
  }
  return last
}

function isUnseen(chunk: RecordChunk): boolean {
  return chunk.transaction?.state === 'aborted'
}

function isKept(
  chunk: RecordChunk,
  index: number,
  last: ReadonlyMap<string, number>,
  keepTombstones: boolean,
): boolean {
  const key = bytesOf(chunk, index, 0)
  if (key === null) return true
  if (last.get(key.toString('latin1')) !== offsetOf(chunk, index)) return false
  return keepTombstones || bytesOf(chunk, index, 2) !== null
}
