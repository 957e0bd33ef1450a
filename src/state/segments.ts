import type { EntryReader } from './entry-reader.ts'

/** A part of an interval of time that lies in one segment; both bounds inclusive. */
export interface SegmentPart {
  readonly fromMs: number
  readonly toMs: number
}

/** The parts of an interval that lie in one segment each, of those that can hold anything that has not expired. */
export function liveSegments(
  reader: EntryReader,
  retentionMs: number,
  fromMs: number,
  toMs: number,
): SegmentPart[] {
  const interval = reader.segmentIntervalMs
  const last = Math.min(toMs, reader.observedMs)
  const segments: SegmentPart[] = []
  let start = Math.max(Math.ceil(fromMs), reader.observedMs - retentionMs + 1, 0)
  while (start <= last) {
    const next = (Math.floor(start / interval) + 1) * interval
    segments.push({ fromMs: start, toMs: Math.floor(Math.min(last, next - 1)) })
    start = next
  }
  return segments
}
