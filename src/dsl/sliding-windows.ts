import { checkMs } from './whole-ms.ts'

/**
 * Windows of fixed size around the records themselves: two records of a key share a window where their times differ by
 * no more than `timeDifferenceMs`. A window exists for each different set of records that such a span can hold. Both
 * its ends are inclusive.
 *
 * @remarks Source: `org.apache.kafka.streams.kstream.SlidingWindows`, KIP-450.
 */
export class SlidingWindows {
  /** Milliseconds from a window's start to its end; records of both times are in it. */
  readonly timeDifferenceMs: number
  /** How far stream time may be past a window's end while the window still takes records, in milliseconds. */
  readonly graceMs: number

  private constructor(timeDifferenceMs: number, graceMs: number) {
    this.timeDifferenceMs = timeDifferenceMs
    this.graceMs = graceMs
  }

  /**
   * Declares windows. The grace has no default, since what is too late is for the application to say.
   *
   * @throws TopologyError unless timeDifferenceMs > 0 and graceMs ≥ 0, in whole milliseconds.
   */
  static of(options: {
    readonly timeDifferenceMs: number
    readonly graceMs: number
  }): SlidingWindows {
    // Kafka Streams takes a difference of 0 too, and fails at the first record.
    checkMs('SlidingWindows', 'timeDifferenceMs', options.timeDifferenceMs, 1)
    checkMs('SlidingWindows', 'graceMs', options.graceMs, 0)
    return new SlidingWindows(options.timeDifferenceMs, options.graceMs)
  }
}
