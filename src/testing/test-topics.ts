import type { Headers } from '../core/headers.ts'
import type { RecordCollector } from '../runtime/record-collector.ts'
import type { RawTestRecord } from './raw-test-record.ts'

interface TopicLog {
  readonly records: RawTestRecord[]
  /** How many of them were read as output. */
  read: number
}

/**
 * The topics of a test driver, each with one partition as far as its tasks go. What tasks send is kept to be read, and
 * handed to whoever reads the topic.
 */
export class TestTopics implements RecordCollector {
  readonly #logs = new Map<string, TopicLog>()
  readonly #onRecord: (topic: string, record: RawTestRecord) => void
  readonly #partitionCount: (topic: string) => number

  constructor(
    partitionCount: (topic: string) => number,
    onRecord: (topic: string, record: RawTestRecord) => void,
  ) {
    this.#partitionCount = partitionCount
    this.#onRecord = onRecord
  }

  send(
    topic: string,
    partition: number | undefined,
    timestampMs: number,
    key: Buffer | null,
    value: Buffer | null,
    headers: Headers,
  ): void {
    this.append(topic, { partition: partition ?? 0, timestampMs, key, value, headers })
  }

  append(topic: string, record: Omit<RawTestRecord, 'offset'>): void {
    const { records } = this.#log(topic)
    const appended = { ...record, offset: records.length }
    records.push(appended)
    this.#onRecord(topic, appended)
  }

  ready(): undefined {
    return undefined
  }

  partitions(topic: string): number {
    return this.#partitionCount(topic)
  }

  prepare(): undefined {
    return undefined
  }

  /** Names of the topics that have had records. */
  names(): string[] {
    return [...this.#logs.keys()]
  }

  /** Records that were not read yet. */
  unread(topic: string): number {
    const log = this.#logs.get(topic)
    return log ? log.records.length - log.read : 0
  }

  /** The next record that was not read yet; undefined where there is none. */
  read(topic: string): RawTestRecord | undefined {
    const log = this.#logs.get(topic)
    if (!log || log.read === log.records.length) return undefined
    return log.records[log.read++]
  }

  #log(topic: string): TopicLog {
    let log = this.#logs.get(topic)
    if (!log) {
      log = { records: [], read: 0 }
      this.#logs.set(topic, log)
    }
    return log
  }
}
