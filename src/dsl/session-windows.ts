import { checkMs } from './whole-ms.ts'

/**
 * Windows that hold the records of a key between which no more than `gapMs` passes. A session grows with its records,
 * and a record between two sessions makes them one.
 *
 * @remarks Source: `org.apache.kafka.streams.kstream.SessionWindows`.
 */
export class SessionWindows {
  /** The longest time in milliseconds that may pass between two records of one session. */
  readonly gapMs: number
  /** How far stream time may be past a session's end and gap while it still takes records, in milliseconds. */
  readonly graceMs: number

  private constructor(gapMs: number, graceMs: number) {
    this.gapMs = gapMs
    this.graceMs = graceMs
  }

  /**
   * Declares windows. The grace has no default, since what is too late is for the application to say.
   *
   * @throws TopologyError unless gapMs > 0 and graceMs ≥ 0, in whole milliseconds.
   */
  static of(options: { readonly gapMs: number; readonly graceMs: number }): SessionWindows {
    checkMs('SessionWindows', 'gapMs', options.gapMs, 1)
    checkMs('SessionWindows', 'graceMs', options.graceMs, 0)
    return new SessionWindows(options.gapMs, options.graceMs)
  }
}
