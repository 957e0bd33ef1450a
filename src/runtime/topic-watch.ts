import type { Clock, Timer } from '../core/clock.ts'
import { messageOf, TopologyError } from '../core/errors.ts'
import type { Logger } from '../core/logger.ts'

/** What a watch over topics needs. */
export interface TopicWatchOptions {
  readonly clock: Clock
  readonly logger: Logger
  readonly intervalMs: number
  /** What is different now from what the worker goes by; undefined where nothing is. */
  readonly difference: () => Promise<string | undefined>
  /** Has the tasks assigned anew. */
  readonly onChange: () => void
}

/**
 * Looks at an interval whether input topics appeared, vanished or were given more partitions.
 *
 * @remarks Source: the metadata refresh of Java's consumer, `metadata.max.age.ms`.
 */
export class TopicWatch {
  readonly #options: TopicWatchOptions
  #timer: Timer | undefined
  #closed = false

  constructor(options: TopicWatchOptions) {
    this.#options = options
    this.#schedule()
  }

  /** Ends it; a look that is under way comes to nothing. */
  close(): void {
    this.#closed = true
    this.#timer?.cancel()
  }

  #schedule(): void {
    const { clock, intervalMs } = this.#options
    if (!this.#closed) this.#timer = clock.schedule(intervalMs, () => void this.#look(), true)
  }

  async #look(): Promise<void> {
    const { difference, logger, onChange } = this.#options
    try {
      const changes = await difference()
      if (changes !== undefined && !this.#closed) {
        logger.info('The topics that are read have changed; the tasks are assigned anew', {
          changes,
        })
        onChange()
      }
    } catch (error) {
      if (this.#closed) return
      // What cannot be assigned is for the group's leader to find, which tells all members.
      if (error instanceof TopologyError) onChange()
      logger.warn('Looking for changed topics failed; it is tried again', {
        reason: messageOf(error),
      })
    }
    this.#schedule()
  }
}
