import type { Random } from '../core/random.ts'

/** How long to wait before a record is processed again. */
export interface RetryBackoff {
  /** Before the second attempt, in milliseconds; doubled before each that follows. @defaultValue 100 */
  readonly backoffMs?: number
  /** The longest wait, in milliseconds. @defaultValue 10,000 */
  readonly maxBackoffMs?: number
  /**
   * The share of a wait, from 0 to 1, that is left to chance, so that tasks which failed together do not come back
   * together. @defaultValue 0.2
   */
  readonly jitter?: number
}

/** The wait after so many attempts, at most {@link RetryBackoff.maxBackoffMs}. */
export function backoffAfter(
  attempts: number,
  { backoffMs = 100, maxBackoffMs = 10_000, jitter = 0.2 }: RetryBackoff,
  random: Random | undefined,
): number {
  const waitMs = Math.min(maxBackoffMs, backoffMs * 2 ** (attempts - 1))
  return Math.round(waitMs * (1 - jitter * (random?.next() ?? 0)))
}
