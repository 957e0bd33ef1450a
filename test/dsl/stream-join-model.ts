import type { JoinWindows } from 'millrace'
import type { InputText } from '../runtime/fetched-records.ts'

/** What a join of the records whose values begin with L with those that begin with R is to give. */
export interface JoinModel {
  /** Pairs in the order in which they come: by the later record of each, then by time. */
  readonly pairs: readonly string[]
  /** The records of the left side that have no match when their window closes, or have none as they come too late. */
  readonly leftAlone: readonly string[]
  readonly rightAlone: readonly string[]
}

interface Kept {
  readonly key: string
  readonly value: string
  readonly timestampMs: number
  matched: boolean
  /** Whether its window was over as it came, so that it did not wait for a match. */
  over: boolean
}

/**
 * Joins by trying all pairs. Holds where no record is later than the grace: then it is certain of each, when its window
 * closes, whether there is a match.
 */
export function modelJoin(records: readonly InputText[], windows: JoinWindows): JoinModel {
  const { beforeMs, afterMs, graceMs, sizeMs } = windows
  const retentionMs = Math.max(1, sizeMs + graceMs)
  const sides = { L: [] as Kept[], R: [] as Kept[] }
  const observed = { L: -1, R: -1 }
  const pairs: string[] = []
  let streamTimeMs = -1
  for (const { key, value, timestampMs } of records) {
    streamTimeMs = Math.max(streamTimeMs, timestampMs)
    const side = value!.startsWith('L') ? 'L' : 'R'
    const other = side === 'L' ? 'R' : 'L'
    const [back, ahead] = side === 'L' ? [beforeMs, afterMs] : [afterMs, beforeMs]
    const own = { key: key!, value: value!, timestampMs, matched: false, over: false }
    const matches = sides[other]
      .filter((each) => each.key === key && each.timestampMs > observed[other] - retentionMs)
      .filter((each) => each.timestampMs >= Math.max(0, timestampMs - back))
      .filter((each) => each.timestampMs <= Math.max(0, timestampMs + ahead))
      .sort((a, b) => a.timestampMs - b.timestampMs)
    for (const each of matches) {
      own.matched = true
      each.matched = true
      const [left, right] = side === 'L' ? [own, each] : [each, own]
      pairs.push(result(key!, left.value, right.value, Math.max(timestampMs, each.timestampMs)))
    }
    own.over = !own.matched && Math.max(0, timestampMs + ahead) < streamTimeMs
    observed[side] = Math.max(observed[side], timestampMs)
    sides[side].push(own)
  }
  const alone = (each: Kept): boolean => each.over || !each.matched
  return {
    pairs,
    leftAlone: sides.L.filter(alone).map((l) => result(l.key, l.value, null, l.timestampMs)),
    rightAlone: sides.R.filter(alone).map((r) => result(r.key, null, r.value, r.timestampMs)),
  }
}

function result(
  key: string,
  left: string | null,
  right: string | null,
  timestampMs: number,
): string {
  return `${key}:${left}+${right}@${timestampMs}`
}
