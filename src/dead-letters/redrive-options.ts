import type { DeadLetter } from './dead-letter.ts'
import type { DeadLetterFilter } from './dead-letter-filter.ts'

/** What is redriven, and where to. */
export interface RedriveOptions extends DeadLetterFilter {
  /** The topic to write to. @defaultValue the one that each record came from */
  readonly to?: string
  /** The partition: that which it came from, by the key's bytes as Kafka's clients choose, or a certain one. @defaultValue `'same'` */
  readonly toPartition?: 'same' | 'key' | number
  /** How many records at most. @defaultValue 1,000 */
  readonly limit?: number
  /** Only says what would be done. @defaultValue false */
  readonly dryRun?: boolean
  /** Called for each record, before it is committed. */
  readonly onRecord?: (letter: DeadLetter, outcome: RedriveOutcome) => void
}

/** What becomes of a dead letter: it goes to a partition, or stays for a reason. */
export type RedriveOutcome =
  | { readonly to: { readonly topic: string; readonly partition: number } }
  | { readonly kept: string }

/** Which dead letters are given up. */
export interface DropOptions extends DeadLetterFilter {
  /** How many at most. @defaultValue 1,000 */
  readonly limit?: number
  /** Only says what would be done. @defaultValue false */
  readonly dryRun?: boolean
  /** Called for each dead letter, before it is committed. */
  readonly onRecord?: (letter: DeadLetter) => void
}

/** What giving up dead letters came to. */
export interface DropReport {
  /** How many were given up; in a dry run, would be. */
  readonly dropped: number
}

/** What a redrive came to. */
export interface RedriveReport {
  /** How many went back; in a dry run, would. */
  readonly redriven: number
  /** How many were meant but cannot go back; they stay. */
  readonly kept: number
}
