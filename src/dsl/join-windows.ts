import { TopologyError } from '../core/errors.ts'
import { checkMs } from './whole-ms.ts'

/** How far apart the two records of a pair may be. */
export type JoinWindowsOptions =
  | {
      /** How far the other record may be from this one, before or after it, in milliseconds. */
      readonly timeDifferenceMs: number
      readonly graceMs: number
    }
  | {
      /** How far the other record may be before this one, in milliseconds; negative: it must be that much after. */
      readonly beforeMs: number
      /** How far the other record may be after this one, in milliseconds; negative: it must be that much before. */
      readonly afterMs: number
      readonly graceMs: number
    }

/**
 * Which records of two streams with the same key are a pair: those whose times differ by no more than this. A record
 * of the stream that `join` is called on, at time t, is joined with records of the other one from t − `beforeMs` to
 * t + `afterMs`, both inclusive.
 *
 * @remarks Source: `org.apache.kafka.streams.kstream.JoinWindows`.
 */
export class JoinWindows {
  readonly beforeMs: number
  readonly afterMs: number
  /** How far stream time may be past a window's end while records for it are still taken, in milliseconds. */
  readonly graceMs: number

  private constructor(beforeMs: number, afterMs: number, graceMs: number) {
    this.beforeMs = beforeMs
    this.afterMs = afterMs
    this.graceMs = graceMs
  }

  /**
   * Declares windows. The grace has no default, since what is too late is for the application to say: with 0, a record
   * is kept for the window's length and no longer.
   *
   * @throws TopologyError unless all are whole milliseconds, `timeDifferenceMs` ≥ 0, `beforeMs` + `afterMs` ≥ 0 and
   * `graceMs` ≥ 0.
   */
  static of(options: JoinWindowsOptions): JoinWindows {
    const { graceMs } = options
    checkMs('JoinWindows', 'graceMs', graceMs, 0)
    if ('timeDifferenceMs' in options) {
      const { timeDifferenceMs } = options
      checkMs('JoinWindows', 'timeDifferenceMs', timeDifferenceMs, 0)
      return new JoinWindows(timeDifferenceMs, timeDifferenceMs, graceMs)
    }
    const { beforeMs, afterMs } = options
    checkMs('JoinWindows', 'beforeMs', beforeMs, Number.MIN_SAFE_INTEGER)
    checkMs('JoinWindows', 'afterMs', afterMs, Number.MIN_SAFE_INTEGER)
    if (beforeMs + afterMs < 0) {
      throw new TopologyError(
        `JoinWindows: beforeMs (${beforeMs}) and afterMs (${afterMs}) come to less than 0, so that no two records ` +
          'could be a pair. A window that lies before a record has a negative afterMs, one behind it a negative beforeMs.',
      )
    }
    return new JoinWindows(beforeMs, afterMs, graceMs)
  }

  /** Milliseconds from a window's start to its end, both inclusive; 0 for records of the same time only. */
  get sizeMs(): number {
    return this.beforeMs + this.afterMs
  }
}
