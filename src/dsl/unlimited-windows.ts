import { checkMs } from './whole-ms.ts'

/**
 * One window from a moment on, without an end: nothing is late for it, and it never closes. Records before its start
 * are in no window.
 *
 * @remarks Source: `org.apache.kafka.streams.kstream.UnlimitedWindows`.
 */
export class UnlimitedWindows {
  /** First millisecond of the window, since the epoch. */
  readonly startMs: number
  /** So many that the window ends with the last safe number. */
  readonly sizeMs: number
  readonly advanceMs: number = Number.POSITIVE_INFINITY
  readonly graceMs: number = 0

  private constructor(startMs: number) {
    this.startMs = startMs
    this.sizeMs = Number.MAX_SAFE_INTEGER - startMs
  }

  /**
   * Declares the window. @defaultValue for startMs: 0
   *
   * @throws TopologyError unless startMs ≥ 0, in whole milliseconds.
   */
  static of(options: { readonly startMs?: number } = {}): UnlimitedWindows {
    const { startMs = 0 } = options
    checkMs('UnlimitedWindows', 'startMs', startMs, 0)
    return new UnlimitedWindows(startMs)
  }

  /** The window's start, whatever the time: a time before it is in no window. */
  firstStartMs(): number {
    return this.startMs
  }
}
