import type { MaybePromise } from '../../core/maybe-promise.ts'
import type { Record } from '../../core/record.ts'
import type { ProcessorContext } from '../../topology/processor.ts'
import { skipRecord } from './skipped.ts'

/** The nodes behind an aggregation whose late records go on as a stream of their own. */
export interface LateOutput {
  /** The node that updates go to. */
  readonly updates: string
  /** The node that late records go to. */
  readonly late: string
}

/** A window that a record came too late for, its ends as they are written. */
export type ClosedWindow = `[${number}, ${number}${')' | ']'}`

/**
 * Counts a record that came too late for some of its windows, or all, and sends it on where late records go.
 *
 * @remarks Source: Java's `KStreamWindowAggregate`, which counts and logs such a record once for each window.
 */
export function dropLateRecord(
  record: Record<unknown, unknown>,
  context: ProcessorContext,
  output: LateOutput | undefined,
  windows: readonly ClosedWindow[],
  times: { readonly graceMs: number; readonly streamTimeMs: number },
): MaybePromise<void> {
  const closed = windows.length === 1 ? 'the window' : 'the windows'
  const reason =
    `its time ${record.timestampMs} belongs to ${closed} ${windows.join(', ')}, closed ` +
    `${times.graceMs} ms (the grace period) after the end; stream time is ${times.streamTimeMs}`
  skipRecord(context, reason, 'late')
  if (output) return context.forward(record, output.late)
}
