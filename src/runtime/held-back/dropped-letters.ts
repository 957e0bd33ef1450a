import type { Broker } from '../../broker/port.ts'
import type { Clock, Timer } from '../../core/clock.ts'
import { messageOf } from '../../core/errors.ts'
import type { Logger } from '../../core/logger.ts'
import { makeTopicsReady, type TopicCreation } from '../internal-topics.ts'
import { firstPlaceOf } from '../redriven-from.ts'
import { DroppedOffsets } from './dropped-offsets.ts'

/** Which dead letters operators gave up, as far as that is known. */
export interface DroppedLetters {
  /** Grows when more are known. */
  readonly version: number
  /** Up to where the topic that says so was read. */
  readonly position: number
  /** Their offsets in an input partition. */
  of(topic: string, partition: number): ReadonlySet<number>
  /** Reads the topic up to an offset, or to its end where that is before. */
  readTo(offset: number): Promise<void>
}

/** What is needed to follow the topic in which dead letters are given up. */
export interface DroppedLettersTopicOptions {
  readonly broker: Broker
  readonly clock: Clock
  readonly logger: Logger
  readonly applicationId: string
  readonly topic: string
  /** How often it is looked whether there are more, in milliseconds. */
  readonly intervalMs: number
  /** Whether anything is held back that could be given up. */
  readonly isNeeded: () => boolean
  /** Has the tasks look at what is new. */
  readonly onNew: () => void
}

const pollTimeoutMs = 100
const waitMs = 20

/**
 * Follows the topic in which dead letters are given up, from its beginning: it is small, and who takes part in it learns
 * of each letter again after a restart, where that changes nothing.
 */
export class DroppedLettersTopic implements DroppedLetters {
  readonly #options: DroppedLettersTopicOptions
  readonly #offsets = new DroppedOffsets()
  #timer: Timer | undefined
  #closed = false
  #reading: Promise<void> | undefined
  version = 0
  position = 0

  constructor(options: DroppedLettersTopicOptions) {
    this.#options = options
  }

  /** Creates the topic where it is missing and reads it. */
  async open(creation: TopicCreation): Promise<void> {
    const { broker, topic } = this.#options
    const config = { 'cleanup.policy': 'compact' }
    await makeTopicsReady(broker, [{ name: topic, partitions: 1, config }], creation)
    await this.#read()
    this.#schedule()
  }

  close(): void {
    this.#closed = true
    this.#timer?.cancel()
  }

  of(topic: string, partition: number): ReadonlySet<number> {
    return this.#offsets.of(topic, partition)
  }

  async readTo(offset: number): Promise<void> {
    const { broker, clock, topic } = this.#options
    for (;;) {
      await this.#read()
      if (this.position >= offset || this.#closed) return
      // A transaction that was begun before is yet to be ended by the broker, unless the topic was made anew.
      const place = [{ topic, partition: 0 }]
      const [end] = await broker.listOffsets(place, 'latest', 'read_uncommitted')
      if (this.position >= end!.offset) return
      await clock.sleep(waitMs)
    }
  }

  /** Reads what is there now; one at a time. */
  #read(): Promise<void> {
    this.#reading ??= this.#readOn().finally(() => {
      this.#reading = undefined
    })
    return this.#reading
  }

  async #readOn(): Promise<void> {
    const { broker, topic } = this.#options
    const place = { topic, partition: 0 }
    const [end] = await broker.listOffsets([place], 'latest', 'read_committed')
    if (end === undefined || end.offset <= this.position) return
    const [start] = await broker.listOffsets([place], 'earliest', 'read_committed')
    const fetcher = broker.openFetcher({ isolation: 'read_committed' })
    let any = false
    try {
      let next = Math.max(this.position, start?.offset ?? 0)
      fetcher.assign([{ ...place, offset: next }])
      while (next < end.offset && !this.#closed) {
        for (const { records, nextOffset } of await fetcher.poll({ timeoutMs: pollTimeoutMs })) {
          while (records.next()) {
            const { buffer, keyStart, keyEnd } = records
            if (this.#note(buffer.toString('utf8', keyStart, keyEnd))) any = true
          }
          next = nextOffset
        }
      }
      this.position = next
    } finally {
      await fetcher.close()
    }
    if (any) this.version++
  }

  #note(text: string): boolean {
    const place = firstPlaceOf(text)
    if (place?.applicationId !== this.#options.applicationId) return false
    this.#offsets.add(place)
    return true
  }

  #schedule(): void {
    const { clock, intervalMs } = this.#options
    if (!this.#closed) this.#timer = clock.schedule(intervalMs, () => void this.#look(), true)
  }

  async #look(): Promise<void> {
    const { isNeeded, onNew, logger } = this.#options
    const { version } = this
    try {
      if (isNeeded()) await this.#read()
      if (this.version !== version) onNew()
    } catch (error) {
      if (!this.#closed) {
        logger.warn('Looking for dropped dead letters failed; it is tried again', {
          reason: messageOf(error),
        })
      }
    }
    this.#schedule()
  }
}
