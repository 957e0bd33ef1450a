import type { FetchedPartition, PartitionOffset } from '../../broker/port.ts'
import type { Logger } from '../../core/logger.ts'
import type { TakenRecords } from '../../state/task-state.ts'
import type { RestorableTask, StoreChangelog } from './restorable-task.ts'
import { SourceTopicReader } from './source-topic-reader.ts'

/** What is read into which store. */
export interface ChangelogReadingOptions {
  readonly task: RestorableTask
  readonly changelog: StoreChangelog
  readonly logger: Logger
  /** Where the changelog begins and ends on the broker. */
  readonly startOffset: number
  readonly endOffset: number
}

interface Place {
  /** Of the next record. */
  readonly offset: number
  /** What the store says that it includes; undefined where nothing was written into it. */
  readonly included: number | undefined
}

/** Brings one store along its changelog, batch by batch; after each the store is at an offset of it. */
export class ChangelogReading {
  readonly task: RestorableTask
  readonly changelog: StoreChangelog
  readonly #logger: Logger
  readonly #source: SourceTopicReader | undefined
  #written: Place
  /** Beyond what is written by what is being written. */
  #taken: Place
  /** Where reading is to end, which for a standby moves on. */
  endOffset: number

  private constructor(options: ChangelogReadingOptions, place: Place) {
    const { task, changelog, logger, endOffset } = options
    this.task = task
    this.changelog = changelog
    this.#logger = logger
    this.endOffset = endOffset
    this.#written = this.#taken = place
    this.#source = changelog.isSource
      ? new SourceTopicReader({ task, changelog, logger })
      : undefined
  }

  /** Begins where the store is; one whose place in the changelog is gone is emptied and begins anew. */
  static async begin(options: ChangelogReadingOptions): Promise<ChangelogReading> {
    const { task, changelog, startOffset, endOffset } = options
    const { storeName } = changelog
    const included = task.state.changelogOffset(storeName)
    if (included !== undefined && included >= startOffset && included <= endOffset) {
      return new ChangelogReading(options, { offset: included, included })
    }
    const reading = new ChangelogReading(options, { offset: startOffset, included: undefined })
    if (included !== undefined) reading.#warn({ included, startOffset, endOffset })
    await task.state.clear(storeName)
    return reading
  }

  /** The offset of the next record that the store lacks. */
  get position(): number {
    return this.#written.offset
  }

  /** Records that the store lacks, as offsets tell. */
  get lag(): number {
    return Math.max(0, this.endOffset - this.position)
  }

  /** Whether there is more to be fetched and taken. */
  get hasMore(): boolean {
    return this.#taken.offset < this.endOffset
  }

  /** What is to be fetched next. */
  get place(): PartitionOffset {
    const { topic, partition } = this.changelog
    return { topic, partition, offset: this.#taken.offset }
  }

  /**
   * Takes what was fetched, to be written into the store with the offset after it while more is fetched and taken. Where
   * that fails, so does what is taken after it.
   */
  async take(fetched: FetchedPartition): Promise<TakenRecords> {
    const { task, changelog, endOffset } = this
    const source = this.#source
    const read = source ? await source.read(fetched.records, endOffset) : fetched.records
    // A source topic is fetched beyond where its records are yet to be processed.
    const nextOffset = source ? Math.min(fetched.nextOffset, endOffset) : fetched.nextOffset
    const place = { after: this.#taken.included, nextOffset }
    const { records, written } = await task.state.restoreFetched(changelog.storeName, read, place)
    const taken = { offset: nextOffset, included: nextOffset }
    this.#taken = taken
    const counted = written.then(() => {
      this.#written = taken
      task.restored += records
    })
    return { records, written: counted }
  }

  /** After a write that failed: goes on from where the store is. To be called while nothing is being written. */
  goBack(): void {
    this.#taken = this.#written
  }

  /**
   * Begins from the start: the changelog was cut while it was read, so that what was read may lack deletions. To be called
   * while nothing is being written.
   */
  async beginAnew(startOffset: number): Promise<void> {
    this.#warn({ included: this.position, startOffset, endOffset: this.endOffset })
    await this.task.state.clear(this.changelog.storeName)
    this.#written = this.#taken = { offset: startOffset, included: undefined }
  }

  #warn(facts: globalThis.Record<string, unknown>): void {
    const { storeName, topic, partition } = this.changelog
    const message = 'The changelog no longer has where the store is; restoring anew'
    this.#logger.warn(message, { task: this.task.name, storeName, topic, partition, ...facts })
  }
}
