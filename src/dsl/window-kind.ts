import type { Processor } from '../topology/processor.ts'
import { SlidingAggregateProcessor } from './processors/sliding-aggregate.ts'
import { WindowAggregateProcessor } from './processors/window-aggregate.ts'
import type { WindowAggregation } from './processors/window-updates.ts'
import { SlidingWindows } from './sliding-windows.ts'
import type { TimeWindows } from './time-windows.ts'
import { UnlimitedWindows } from './unlimited-windows.ts'

/** Windows of which each has the same size. */
export type FixedWindows = TimeWindows | SlidingWindows | UnlimitedWindows

/** What differs between the kinds of windows of fixed size. */
export interface WindowKind {
  /** From a window's start to its end, in milliseconds. */
  readonly sizeMs: number
  /** How long windows must be kept for all records to find those that they update, in milliseconds. */
  readonly leastRetentionMs: number
  /** See {@link LogicalNodeOptions.closesAfterMs}. */
  readonly closesAfterMs: number
  /** Whether windows ever close. */
  readonly close: boolean
  processor<K, V, Agg>(aggregation: WindowAggregation<K, V, Agg>): Processor<K, V, unknown, unknown>
}

export function windowKind(windows: FixedWindows): WindowKind {
  if (windows instanceof SlidingWindows) {
    const { timeDifferenceMs, graceMs } = windows
    return {
      sizeMs: timeDifferenceMs,
      leastRetentionMs: 2 * timeDifferenceMs + graceMs,
      // The end of such a window belongs to it.
      closesAfterMs: graceMs + 1,
      close: true,
      processor: (aggregation) => new SlidingAggregateProcessor(aggregation, windows),
    }
  }
  return {
    sizeMs: windows.sizeMs,
    leastRetentionMs: windows.sizeMs + windows.graceMs,
    closesAfterMs: windows.graceMs,
    close: !(windows instanceof UnlimitedWindows),
    processor: (aggregation) => new WindowAggregateProcessor(aggregation, windows),
  }
}
