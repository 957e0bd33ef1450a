import { TopologyError } from '../core/errors.ts'
import { checkMs } from './whole-ms.ts'

/**
 * Windows of fixed size that lie side by side (tumbling), or overlap where `advanceMs` is less than the size
 * (hopping). They are aligned to the epoch: one starts at 0.
 *
 * @remarks Source: `org.apache.kafka.streams.kstream.TimeWindows`.
 */
export class TimeWindows {
  /** Milliseconds from a window's start to its end, which is exclusive. */
  readonly sizeMs: number
  /** Milliseconds from one window's start to the next one's. */
  readonly advanceMs: number
  /** How far stream time may be past a window's end while the window still takes records, in milliseconds. */
  readonly graceMs: number

  private constructor(sizeMs: number, advanceMs: number, graceMs: number) {
    this.sizeMs = sizeMs
    this.advanceMs = advanceMs
    this.graceMs = graceMs
  }

  /**
   * Declares windows. The grace has no default, since what is too late is for the application to say: 0 drops every
   * record that comes after its window's end.
   *
   * @throws TopologyError unless sizeMs > 0, 0 < advanceMs ≤ sizeMs (default sizeMs) and graceMs ≥ 0, in whole
   * milliseconds.
   */
  static of(options: {
    readonly sizeMs: number
    readonly graceMs: number
    readonly advanceMs?: number
  }): TimeWindows {
    const { sizeMs, graceMs, advanceMs = options.sizeMs } = options
    checkMs('TimeWindows', 'sizeMs', sizeMs, 1)
    checkMs('TimeWindows', 'graceMs', graceMs, 0)
    checkMs('TimeWindows', 'advanceMs', advanceMs, 1)
    if (advanceMs > sizeMs) {
      throw new TopologyError(
        `TimeWindows: advanceMs (${advanceMs}) is more than sizeMs (${sizeMs}), so that some records ` +
          'would belong to no window. Make it at most the size.',
      )
    }
    return new TimeWindows(sizeMs, advanceMs, graceMs)
  }

  /** The start of the first window that holds this time, in milliseconds since the epoch. */
  firstStartMs(timestampMs: number): number {
    const earliest = Math.max(0, timestampMs - this.sizeMs + this.advanceMs)
    return earliest - (earliest % this.advanceMs)
  }
}
