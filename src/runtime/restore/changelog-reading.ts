import type { FetchedPartition, PartitionOffset } from '../../broker/port.ts'
import type { Logger } from '../../core/logger.ts'
import type { ChangelogRecord } from '../../state/task-state.ts'
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

/** Brings one store along its changelog, batch by batch; after each the store is at an offset of it. */
export class ChangelogReading {
  readonly task: RestorableTask
  readonly changelog: StoreChangelog
  readonly #logger: Logger
  readonly #source: SourceTopicReader | undefined
  #position: number
  /** Where reading is to end, which for a standby moves on. */
  endOffset: number

  private constructor(options: ChangelogReadingOptions, position: number) {
    const { task, changelog, logger, endOffset } = options
    this.task = task
    this.changelog = changelog
    this.#logger = logger
    this.endOffset = endOffset
    this.#position = position
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
      return new ChangelogReading(options, included)
    }
    const reading = new ChangelogReading(options, startOffset)
    if (included !== undefined) reading.#warn({ included, startOffset, endOffset })
    await task.state.clear(storeName)
    return reading
  }

  /** The offset of the next record that the store lacks. */
  get position(): number {
    return this.#position
  }

  /** Records that the store lacks, as offsets tell. */
  get lag(): number {
    return Math.max(0, this.endOffset - this.#position)
  }

  get place(): PartitionOffset {
    const { topic, partition } = this.changelog
    return { topic, partition, offset: this.#position }
  }

  /** Writes what was fetched into the store, with the offset after it; gives how many records that were. */
  async apply(fetched: FetchedPartition): Promise<number> {
    const { task, changelog, endOffset } = this
    const source = this.#source
    const records = source
      ? await source.read(fetched.records, endOffset)
      : changelogRecords(fetched, task.state.keepsHeaders(changelog.storeName))
    // A source topic is fetched beyond where its records are yet to be processed.
    const nextOffset = source ? Math.min(fetched.nextOffset, endOffset) : fetched.nextOffset
    await task.state.restore(changelog.storeName, records, nextOffset)
    this.#position = nextOffset
    task.restored += records.length
    return records.length
  }

  /** Begins from the start: the changelog was cut while it was read, so that what was read may lack deletions. */
  async beginAnew(startOffset: number): Promise<void> {
    this.#warn({ included: this.#position, startOffset, endOffset: this.endOffset })
    await this.task.state.clear(this.changelog.storeName)
    this.#position = startOffset
  }

  #warn(facts: globalThis.Record<string, unknown>): void {
    const { storeName, topic, partition } = this.changelog
    const message = 'The changelog no longer has where the store is; restoring anew'
    this.#logger.warn(message, { task: this.task.name, storeName, topic, partition, ...facts })
  }
}

function changelogRecords(
  { records: cursor }: FetchedPartition,
  keepsHeaders: boolean,
): ChangelogRecord[] {
  const records: ChangelogRecord[] = []
  while (cursor.next()) {
    const { buffer, keyStart, keyEnd, valueStart, valueEnd, timestampMs } = cursor
    if (keyEnd < 0) continue
    records.push({
      key: buffer.subarray(keyStart, keyEnd),
      value: valueEnd < 0 ? null : buffer.subarray(valueStart, valueEnd),
      timestampMs,
      ...(keepsHeaders ? { headers: cursor.headers() } : {}),
    })
  }
  return records
}
