import type { RecordCursor } from '../../broker/port.ts'
import { isStreamsError, messageOf } from '../../core/errors.ts'
import type { Logger } from '../../core/logger.ts'
import type { ChangelogRecord } from '../../state/task-state.ts'
import { RecordChunk } from '../record-chunk.ts'
import type { RecordDecoder } from '../record-decoder.ts'
import type { RestorableTask, StoreChangelog } from './restorable-task.ts'

/** What is read, and for whom. */
export interface SourceTopicReaderOptions {
  readonly task: RestorableTask
  readonly changelog: StoreChangelog
  readonly logger: Logger
}

const chunkRecords = 1000

/**
 * Makes of the records of a source topic what a table's store holds after they were processed: read and written by the
 * serdes, since another producer's bytes for the same key may differ from the store's; with the time that the source's
 * extractor gives; and without those that processing leaves out.
 *
 * @remarks Source: Java's `StateManagerUtil` and `RecordConverters`; Java restores the bytes as they are, KAFKA-8037.
 */
export class SourceTopicReader {
  readonly #options: SourceTopicReaderOptions
  readonly #decoder: RecordDecoder
  readonly #chunk = new RecordChunk(chunkRecords)

  constructor(options: SourceTopicReaderOptions) {
    this.#options = options
    this.#decoder = options.task.decoderOf(options.changelog)
  }

  /**
   * Reads up to `endOffset`, which is the committed offset: records from there on are yet to be processed. Throws what is no fault of a record,
   * such as a registry that cannot be reached; it can be read again then.
   */
  async read(cursor: RecordCursor, endOffset: number): Promise<ChangelogRecord[]> {
    const records: ChangelogRecord[] = []
    const chunk = this.#chunk
    for (let atEnd = false; !atEnd;) {
      try {
        atEnd = chunk.take(cursor)
        await this.#decoder.resolve(chunk)
        this.#decoder.readTo(chunk, chunk.count)
        if (!this.#convert(records, endOffset)) return records
      } finally {
        chunk.clear()
      }
    }
    return records
  }

  /** Gives whether there may be more before the end. */
  #convert(into: ChangelogRecord[], endOffset: number): boolean {
    const { task, changelog } = this.#options
    const chunk = this.#chunk
    for (let i = 0; i < chunk.count; i++) {
      if (chunk.offset(i) >= endOffset) return false
      const record = chunk.records[i]
      const fault = chunk.faults.get(i)
      if (fault) this.#skip(chunk.offset(i), fault)
      if (record === undefined || record.key === null) continue
      try {
        const { key, value, timestampMs, headers } = record
        const bytes = task.state.serialized(changelog.storeName, key, value)
        into.push({ ...bytes, timestampMs, headers })
      } catch (error) {
        this.#skip(chunk.offset(i), error)
      }
    }
    return true
  }

  /** A record that cannot be read or stored was left out when it was processed, by the error handler's word. */
  #skip(offset: number, error: unknown): void {
    if (isStreamsError(error) && error.scope !== 'record') throw error
    const { task, changelog, logger } = this.#options
    const { storeName, topic, partition } = changelog
    const facts = { task: task.name, storeName, topic, partition, offset, reason: messageOf(error) }
    logger.warn('Left out a record of a source topic that cannot be restored', facts)
  }
}
