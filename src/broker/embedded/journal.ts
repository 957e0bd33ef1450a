import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  ftruncateSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { deserialize, serialize } from 'node:v8'
import { crc32 } from 'node:zlib'
import { BrokerError, messageOf } from '../../core/errors.ts'
import type { CommittedOffset } from '../port.ts'
import type { PartitionLog } from './partition-log.ts'
import type { ChunkTransaction, RecordChunk, UnplacedChunk } from './record-chunk.ts'

/** One event as it is written down. */
type Entry =
  | {
      type: 'topic'
      name: string
      partitions: number
      config: Readonly<globalThis.Record<string, string>>
    }
  | { type: 'topic-deleted'; name: string }
  | { type: 'records-deleted'; topic: string; partition: number; before: number }
  | { type: 'offsets'; group: string; offsets: readonly CommittedOffset[] }
  | { type: 'epoch'; id: string; epoch: number }
  | { type: 'chunk'; topic: string; partition: number; chunk: UnplacedChunk; transaction: number }
  | { type: 'transaction-ended'; transaction: number; committed: boolean }

/** What takes the events of an earlier life. */
export interface ReplayTarget {
  topic(name: string, partitions: number, config: Readonly<globalThis.Record<string, string>>): void
  topicDeleted(name: string): void
  recordsDeleted(topic: string, partition: number, before: number): void
  offsets(group: string, offsets: readonly CommittedOffset[]): void
  epoch(id: string, epoch: number): void
  chunk(topic: string, partition: number, chunk: UnplacedChunk): void
}

const entryHeaderBytes = 8

/**
 * Everything that happened, in one file that is only appended to: length, checksum, entry.
 *
 * An entry that was being written when the process ended is cut off at the next start. A transaction that had not ended
 * then counts as aborted.
 */
export class Journal {
  readonly #file: number
  readonly #path: string
  readonly #transactions = new Map<ChunkTransaction, number>()
  #nextTransaction = 1

  private constructor(path: string, file: number) {
    this.#path = path
    this.#file = file
  }

  static open(folder: string): Journal {
    mkdirSync(folder, { recursive: true })
    const path = join(folder, 'journal')
    return new Journal(path, openSync(path, 'a+'))
  }

  /** Reads the file from its start. Throws `BrokerError` where something before its last entry is damaged. */
  replay(target: ReplayTarget): void {
    const bytes = readFileSync(this.#path)
    const entries: Entry[] = []
    let position = 0
    while (position < bytes.length) {
      const entry = this.#entryAt(bytes, position)
      if (!entry) {
        ftruncateSync(this.#file, position)
        break
      }
      entries.push(entry.value)
      position = entry.end
    }
    const committed = new Set<number>()
    for (const entry of entries) {
      if (entry.type === 'transaction-ended' && entry.committed) committed.add(entry.transaction)
      if (entry.type === 'chunk') {
        this.#nextTransaction = Math.max(this.#nextTransaction, entry.transaction + 1)
      }
    }
    for (const entry of entries) apply(entry, target, committed)
  }

  write(entry: Entry): void {
    const body = serialize(entry)
    const header = Buffer.allocUnsafe(entryHeaderBytes)
    header.writeUInt32BE(body.length, 0)
    header.writeUInt32BE(crc32(body), 4)
    writeSync(this.#file, Buffer.concat([header, body]))
  }

  writeChunk(log: PartitionLog, chunk: RecordChunk): void {
    const { topic, partition } = log
    const transaction = chunk.transaction ? this.#idOf(chunk.transaction) : 0
    const { count, timestamps, maxTimestampMs, buffer, bounds, headers, control } = chunk
    const plain: UnplacedChunk = {
      count,
      timestamps,
      maxTimestampMs,
      buffer,
      bounds,
      headers,
      transaction: undefined,
      control,
    }
    this.write({ type: 'chunk', topic, partition, chunk: plain, transaction })
  }

  /** Notes how a transaction ended; one that wrote nothing is not worth a note. */
  writeEnd(transaction: ChunkTransaction): void {
    const id = this.#transactions.get(transaction)
    if (id === undefined) return
    this.#transactions.delete(transaction)
    const committed = transaction.state === 'committed'
    this.write({ type: 'transaction-ended', transaction: id, committed })
  }

  close(): void {
    fsyncSync(this.#file)
    closeSync(this.#file)
  }

  #idOf(transaction: ChunkTransaction): number {
    const id = this.#transactions.get(transaction) ?? this.#nextTransaction++
    this.#transactions.set(transaction, id)
    return id
  }

  /** The entry that begins here; undefined where the file ends within it. */
  #entryAt(bytes: Buffer, position: number): { value: Entry; end: number } | undefined {
    if (position + entryHeaderBytes > bytes.length) return undefined
    const start = position + entryHeaderBytes
    const end = start + bytes.readUInt32BE(position)
    if (end > bytes.length) return undefined
    const body = bytes.subarray(start, end)
    if (crc32(body) !== bytes.readUInt32BE(position + 4)) {
      if (end === bytes.length) return undefined
      throw this.#damaged(position, 'its checksum is wrong')
    }
    try {
      return { value: deserialize(body) as Entry, end }
    } catch (error) {
      throw this.#damaged(position, messageOf(error))
    }
  }

  #damaged(position: number, reason: string): BrokerError {
    return new BrokerError(
      `The embedded broker's file ${this.#path} is damaged at byte ${position}: ${reason}; ` +
        'delete its folder to begin anew',
    )
  }
}

function apply(entry: Entry, target: ReplayTarget, committed: ReadonlySet<number>): void {
  if (entry.type === 'topic') target.topic(entry.name, entry.partitions, entry.config)
  else if (entry.type === 'topic-deleted') target.topicDeleted(entry.name)
  else if (entry.type === 'offsets') target.offsets(entry.group, entry.offsets)
  else if (entry.type === 'epoch') target.epoch(entry.id, entry.epoch)
  else if (entry.type === 'records-deleted') {
    target.recordsDeleted(entry.topic, entry.partition, entry.before)
  } else if (entry.type === 'chunk') {
    const { chunk, transaction } = entry
    const state = committed.has(transaction) ? 'committed' : 'aborted'
    const buffer = Buffer.from(chunk.buffer)
    const ended = transaction === 0 ? undefined : ({ state } as const)
    target.chunk(entry.topic, entry.partition, { ...chunk, buffer, transaction: ended })
  }
}
