import { ObservedTime } from './observed-time.ts'

/**
 * What the two sides of a join know of time, in one task: both look at it and both move it.
 *
 * @remarks Source: Java's `KStreamImplJoin.TimeTracker`.
 */
export class JoinTime {
  /** The highest event time that either side has seen. */
  readonly observed: ObservedTime
  /**
   * No record that waits for a match was seen to be older when they were last looked at, or was added since. Infinity
   * where none was found.
   */
  minUnmatchedMs: number = Infinity
  /** Wall-clock time before which records without a match are not looked for again. */
  nextEmitMs = 0

  constructor(join: string) {
    this.observed = new ObservedTime(join)
  }

  addUnmatched(timestampMs: number): void {
    if (timestampMs < this.minUnmatchedMs) this.minUnmatchedMs = timestampMs
  }

  /**
   * Whether a record may wait whose window, of this length after it, has closed. Where none is known to wait, Kafka
   * Streams' sum overflows and it looks, unless the length is 0; so does this, since looking delays the next look.
   */
  mayHaveClosed(lengthMs: number): boolean {
    if (this.minUnmatchedMs === Infinity) return lengthMs > 0
    return this.minUnmatchedMs + lengthMs < this.observed.ms
  }
}

/** Gives the two sides of a join one {@link JoinTime} a task. Sides are made task by task, left before right. */
export class JoinTimes {
  readonly #join: string
  #last: JoinTime

  constructor(join: string) {
    this.#join = join
    this.#last = new JoinTime(join)
  }

  forLeft(): JoinTime {
    this.#last = new JoinTime(this.#join)
    return this.#last
  }

  forRight(): JoinTime {
    return this.#last
  }
}
