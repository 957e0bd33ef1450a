import type { TopicPartition } from '../../core/topic-partition.ts'
import type { CommittedOffset } from '../port.ts'
import { JournalFile } from './journal-file.ts'
import type { PartitionLog } from './partition-log.ts'
import type { ChunkTransaction, RecordChunk, UnplacedChunk } from './record-chunk.ts'
import type { TransactionEnd, TransactionOffsets } from './transactions.ts'

type TopicConfig = Readonly<globalThis.Record<string, string>>

/** A chunk as it is written down; where it lies only if that is not right after the one before. */
type PlainChunk = Omit<UnplacedChunk, 'transaction'> & {
  readonly place?: Pick<RecordChunk, 'baseOffset' | 'nextOffset' | 'deltas'>
}

/** One event as it is written down. */
type Entry =
  | { type: 'topic'; name: string; partitions: number; config: TopicConfig }
  | { type: 'topic-deleted'; name: string }
  | { type: 'records-deleted'; topic: string; partition: number; before: number }
  | { type: 'offsets'; group: string; offsets: readonly CommittedOffset[] }
  | { type: 'epoch'; id: string; epoch: number }
  | { type: 'chunk'; topic: string; partition: number; chunk: PlainChunk; transaction: number }
  | { type: 'bounds'; topic: string; partition: number; logStart: number; end: number }
  | {
      type: 'transaction-ended'
      transaction: number
      committed: boolean
      /** Partitions in which its end takes an offset. */
      markers: readonly TopicPartition[]
      offsets: readonly TransactionOffsets[]
    }

/** What takes the events of an earlier life. */
export interface ReplayTarget {
  topic(name: string, partitions: number, config: TopicConfig): void
  topicDeleted(name: string): void
  recordsDeleted(topic: string, partition: number, before: number): void
  offsets(group: string, offsets: readonly CommittedOffset[]): void
  epoch(id: string, epoch: number): void
  log(topic: string, partition: number): PartitionLog
}

/** What is to be kept of a broker when its journal is written anew. */
export interface JournalContent {
  readonly topics: readonly {
    readonly name: string
    readonly config: TopicConfig
    readonly partitions: readonly PartitionLog[]
  }[]
  readonly epochs: readonly (readonly [id: string, epoch: number])[]
  readonly groups: readonly TransactionOffsets[]
}

/** The journal is written anew when it is this large, and so many times what is alive in it. */
const rewrittenBytesMin = 1_048_576
const deadRatioMin = 2
/** About what an entry takes beside its bytes, and a record. */
const entryOverheadBytes = 200
const recordOverheadBytes = 32

/** Stands for every transaction that was aborted before the journal was written anew. */
const someAborted = 1

/** Everything that happened, for the next start. A transaction that had not ended by then counts as aborted. */
export class Journal {
  readonly #file: JournalFile
  readonly #transactions = new Map<ChunkTransaction, number>()
  #nextTransaction = someAborted + 1

  constructor(folder: string) {
    this.#file = JournalFile.open(folder)
  }

  /** Reads the file from its start. Throws `BrokerError` where something before its last entry is damaged. */
  replay(target: ReplayTarget): void {
    const entries = this.#file.read() as Entry[]
    const committed = new Set<number>()
    for (const entry of entries) {
      if (entry.type === 'transaction-ended' && entry.committed) committed.add(entry.transaction)
      if (entry.type === 'chunk') {
        this.#nextTransaction = Math.max(this.#nextTransaction, entry.transaction + 1)
      }
    }
    for (const entry of entries) apply(entry, target, committed)
  }

  /** Writes the file anew where most of it is about what is no more. For right after {@link replay}. */
  shrink(content: JournalContent): void {
    if (this.#file.size < rewrittenBytesMin) return
    if (this.#file.size < deadRatioMin * liveBytes(content)) return
    this.#file.rewrite(entriesOf(content))
  }

  write(entry: Exclude<Entry, { type: 'chunk' | 'transaction-ended' }>): void {
    this.#file.write(entry)
  }

  writeChunk({ topic, partition }: PartitionLog, chunk: UnplacedChunk): void {
    const transaction = chunk.transaction ? this.#idOf(chunk.transaction) : 0
    this.#file.write({ type: 'chunk', topic, partition, chunk: plain(chunk), transaction })
  }

  /** Notes how a transaction ended, and what that brings about; one that did nothing is not worth a note. */
  writeEnd(end: Omit<TransactionEnd, 'logs'>, markers: readonly TopicPartition[]): void {
    const { committed, offsets } = end
    const transaction = this.#transactions.get(end.transaction)
    if (transaction === undefined && offsets.length === 0) return
    this.#file.write({
      type: 'transaction-ended',
      transaction: transaction ?? 0,
      committed,
      markers,
      offsets,
    })
    this.#transactions.delete(end.transaction)
  }

  close(): void {
    this.#file.close()
  }

  #idOf(transaction: ChunkTransaction): number {
    const id = this.#transactions.get(transaction) ?? this.#nextTransaction++
    this.#transactions.set(transaction, id)
    return id
  }
}

function apply(entry: Entry, target: ReplayTarget, committed: ReadonlySet<number>): void {
  if (entry.type === 'topic') target.topic(entry.name, entry.partitions, entry.config)
  else if (entry.type === 'topic-deleted') target.topicDeleted(entry.name)
  else if (entry.type === 'offsets') target.offsets(entry.group, entry.offsets)
  else if (entry.type === 'epoch') target.epoch(entry.id, entry.epoch)
  else if (entry.type === 'records-deleted') {
    target.recordsDeleted(entry.topic, entry.partition, entry.before)
  } else if (entry.type === 'bounds') {
    target.log(entry.topic, entry.partition).restoreBounds(entry.logStart, entry.end)
  } else if (entry.type === 'transaction-ended') {
    for (const { topic, partition } of entry.markers) target.log(topic, partition).restoreMarker()
    for (const { group, offsets } of entry.offsets) target.offsets(group, offsets)
  } else {
    const { place, ...chunk } = entry.chunk
    const state = committed.has(entry.transaction) ? 'committed' : 'aborted'
    const transaction = entry.transaction === 0 ? undefined : ({ state } as const)
    // Copies, as what was read are views of the whole file, which would stay in memory with them.
    const buffer = Buffer.from(chunk.buffer)
    const restored = { ...chunk, buffer, headers: copyOf(chunk.headers), transaction }
    const log = target.log(entry.topic, entry.partition)
    if (place) log.restore({ ...restored, ...place })
    else log.append(restored)
  }
}

function copyOf(headers: PlainChunk['headers']): PlainChunk['headers'] {
  return headers?.map((each) =>
    each?.map(({ key, value }) => ({ key, value: value && Buffer.from(value) })),
  )
}

function plain(chunk: UnplacedChunk): PlainChunk {
  const { count, timestamps, maxTimestampMs, buffer, bounds, headers } = chunk
  return { count, timestamps, maxTimestampMs, buffer, bounds, headers }
}

function liveBytes({ topics, groups }: JournalContent): number {
  const logs = topics.flatMap(({ partitions }) => partitions)
  const offsets = groups.reduce((sum, group) => sum + group.offsets.length, 0)
  return logs
    .flatMap(({ chunks }) => chunks)
    .reduce(
      (sum, { buffer, count }) =>
        sum + entryOverheadBytes + buffer.length + count * recordOverheadBytes,
      (logs.length + offsets) * entryOverheadBytes,
    )
}

function* entriesOf({ topics, epochs, groups }: JournalContent): Generator<Entry> {
  for (const { name, config, partitions } of topics) {
    yield { type: 'topic', name, partitions: partitions.length, config }
    for (const { topic, partition, chunks, logStart, highWatermark } of partitions) {
      for (const chunk of chunks) {
        const { baseOffset, nextOffset, deltas } = chunk
        const transaction = chunk.transaction?.state === 'aborted' ? someAborted : 0
        const place = { baseOffset, nextOffset, deltas }
        yield { type: 'chunk', topic, partition, chunk: { ...plain(chunk), place }, transaction }
      }
      yield { type: 'bounds', topic, partition, logStart, end: highWatermark }
    }
  }
  for (const [id, epoch] of epochs) yield { type: 'epoch', id, epoch }
  for (const { group, offsets } of groups) yield { type: 'offsets', group, offsets }
}
