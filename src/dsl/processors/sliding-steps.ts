import type { WindowEntry } from '../../state/store.ts'

/** What a record does to one sliding window. */
export interface SlidingStep<Agg> {
  readonly startMs: number
  /** The window whose aggregate it begins with; undefined for none. */
  readonly from: SlidingEntry<Agg> | undefined
  /** Whether `from` is the window itself; else the window is new. */
  readonly held: boolean
  /** Whether the record belongs to the window; else the window is a copy of what was there before. */
  readonly adds: boolean
  /** The time that `from` counts as. */
  readonly timestampMs: number
}

/** A window of the record's key as it is stored: its timestamp is that of its latest record. */
export type SlidingEntry<Agg> = Pick<
  WindowEntry<unknown, Agg>,
  'windowStartMs' | 'value' | 'timestampMs'
>

/**
 * What a record does to the windows of its key, in order. Each record has a left window, which ends with it; and
 * a right window, which starts behind it, as soon as there is a later record to hold.
 *
 * `entries` are the windows that start between twice the time difference before the record and just behind it, latest
 * first.
 *
 * @remarks Source: `processReverse` of Java's `KStreamSlidingWindowAggregate`, KIP-450.
 */
export function slidingSteps<Agg>(
  entries: readonly SlidingEntry<Agg>[],
  timestampMs: number,
  differenceMs: number,
): SlidingStep<Agg>[] {
  if (timestampMs < differenceMs) return earlySteps(entries, timestampMs)
  const steps: SlidingStep<Agg>[] = []
  const found: Found<Agg> = { right: undefined, left: undefined, hasRight: false, hasLeft: false }
  let previousMs: number | undefined
  for (const entry of entries) {
    const endMs = entry.windowStartMs + differenceMs
    if (entry.windowStartMs === timestampMs + 1) {
      found.hasRight = true
    } else if (endMs > timestampMs) {
      found.right ??= entry
      steps.push(added(entry))
    } else if (endMs === timestampMs) {
      found.hasLeft = true
      steps.push(added(entry))
      // A record of the same time has made all that this one needs.
      if (entry.timestampMs === timestampMs) return steps
      previousMs = entry.timestampMs
    } else {
      found.left = entry
      previousMs = entry.timestampMs
      break
    }
  }
  steps.push(...newSteps(entries, found, previousMs, timestampMs, differenceMs))
  return steps
}

interface Found<Agg> {
  /** The latest window that holds the record, which has all that is after it. */
  right: SlidingEntry<Agg> | undefined
  /** The latest window that ends before the record. */
  left: SlidingEntry<Agg> | undefined
  hasRight: boolean
  hasLeft: boolean
}

function newSteps<Agg>(
  entries: readonly SlidingEntry<Agg>[],
  { right, left, hasRight, hasLeft }: Found<Agg>,
  previousMs: number | undefined,
  timestampMs: number,
  differenceMs: number,
): SlidingStep<Agg>[] {
  const steps: SlidingStep<Agg>[] = []
  if (
    previousMs !== undefined &&
    previousMs + 1 + differenceMs >= timestampMs &&
    !has(entries, previousMs + 1)
  ) {
    steps.push(fresh(previousMs + 1, timestampMs))
  }
  if (!hasLeft) {
    const startMs = timestampMs - differenceMs
    const holdsPrevious = previousMs !== undefined && startMs <= previousMs
    const from = holdsPrevious ? left : undefined
    steps.push({ startMs, from, held: false, adds: true, timestampMs })
  }
  if (!hasRight && right !== undefined && right.timestampMs > timestampMs) {
    steps.push(copied(timestampMs + 1, right))
  }
  return steps
}

/**
 * The same for a record before the time difference, whose left window would start before the epoch: all such records
 * share the window that starts there.
 */
function earlySteps<Agg>(
  entries: readonly SlidingEntry<Agg>[],
  timestampMs: number,
): SlidingStep<Agg>[] {
  const steps: SlidingStep<Agg>[] = []
  let combined: SlidingEntry<Agg> | undefined
  let right: SlidingEntry<Agg> | undefined
  let hasRight = false
  let previousMs: number | undefined
  for (const entry of entries.toReversed()) {
    if (entry.windowStartMs === 0) {
      combined = entry
      if (entry.timestampMs < timestampMs) previousMs = entry.timestampMs
    } else if (entry.windowStartMs <= timestampMs) {
      right = entry
      steps.push(added(entry))
    } else {
      hasRight = true
    }
  }
  // Without a window in between, those of the combined window that are later than this record all are.
  if (combined !== undefined && combined.timestampMs > timestampMs) right ??= combined
  if (!hasRight && right !== undefined && right.timestampMs > timestampMs) {
    steps.push(copied(timestampMs + 1, right))
  }
  if (previousMs !== undefined && !has(entries, previousMs + 1)) {
    steps.push(fresh(previousMs + 1, timestampMs))
  }
  steps.push(combined === undefined ? fresh(0, timestampMs) : added(combined))
  return steps
}

function has(entries: readonly SlidingEntry<unknown>[], startMs: number): boolean {
  return entries.some((entry) => entry.windowStartMs === startMs)
}

function added<Agg>(entry: SlidingEntry<Agg>): SlidingStep<Agg> {
  const { windowStartMs: startMs, timestampMs } = entry
  return { startMs, from: entry, held: true, adds: true, timestampMs }
}

function fresh<Agg>(startMs: number, timestampMs: number): SlidingStep<Agg> {
  return { startMs, from: undefined, held: false, adds: true, timestampMs }
}

function copied<Agg>(startMs: number, from: SlidingEntry<Agg>): SlidingStep<Agg> {
  return { startMs, from, held: false, adds: false, timestampMs: from.timestampMs }
}
