import type { RecordCursor } from '../broker/port.ts'
import type { Header, Headers } from '../core/headers.ts'
import type { TopicPartition } from '../core/topic-partition.ts'
import {
  deadLetterHeaders as names,
  deadLetterPrefixes,
  redrivesHeader,
} from '../runtime/dead-letter-headers.ts'
import { readRedrivenFrom, redrivenFrom, redrivenFromHeader } from '../runtime/redriven-from.ts'

/** Where a dead letter came from, as far as it is known: nothing is of what failed in a punctuation. */
export interface DeadLetterOrigin {
  readonly topic: string | undefined
  readonly partition: number | undefined
  readonly offset: number | undefined
}

/** The record that others are held back behind. */
export interface HeldBackPlace extends TopicPartition {
  /** Of the application whose records are held back. */
  readonly applicationId: string
  readonly offset: number
}

/** A record that failed, as it lies in the dead-letter topic. */
export interface DeadLetter extends TopicPartition {
  /** In the dead-letter topic. */
  readonly offset: number
  /** The time of the record that failed. */
  readonly timestampMs: number
  /** The bytes of the record that failed. */
  readonly key: Buffer | null
  readonly value: Buffer | null
  /** The record's own, without those that say why it failed. */
  readonly headers: Headers
  readonly origin: DeadLetterOrigin
  /** `deserialization`, `processing` or `production`; `held-back`: behind a dead letter of its key. */
  readonly stage: string | undefined
  /** The code of the error, such as `MILLRACE_PROCESSING`. */
  readonly code: string | undefined
  /** The class of the error. */
  readonly exception: string | undefined
  /** The class of what the error came of, such as what your code threw. */
  readonly cause: string | undefined
  readonly message: string | undefined
  readonly task: string | undefined
  /** The processor or sink. */
  readonly node: string | undefined
  /** How often it was tried before it was given up. */
  readonly attempts: number
  /** How often it had been redriven before it failed. */
  readonly redrives: number
  /**
   * Where the record was read before it was ever redriven, where later records of its key are held back until it was
   * redriven successfully or dropped; undefined where none are.
   */
  readonly holdsBack: HeldBackPlace | undefined
  /** What is not in the dead letter because it was too large; undefined where all of the record is there. */
  readonly omitted: string | undefined
}

/** Reads the record that a cursor is at. Bytes that follow the headers' conventions or not: what is missing is undefined. */
export function deadLetterAt(place: TopicPartition, cursor: RecordCursor): DeadLetter {
  const { buffer, keyStart, keyEnd, valueStart, valueEnd, offset, timestampMs } = cursor
  const all = cursor.headers()
  const said = new Map(all.map(({ key, value }) => [key, value?.toString()]))
  const headers = all.filter(isOwn)
  const origin = {
    topic: said.get(names.topic),
    partition: numberOf(said.get(names.partition)),
    offset: numberOf(said.get(names.offset)),
  }
  return {
    topic: place.topic,
    partition: place.partition,
    offset,
    timestampMs,
    key: keyEnd < 0 ? null : buffer.subarray(keyStart, keyEnd),
    value: valueEnd < 0 ? null : buffer.subarray(valueStart, valueEnd),
    headers,
    origin,
    stage: said.get(names.stage),
    code: said.get(names.code),
    exception: said.get(names.exception),
    cause: said.get(names.cause),
    message: said.get(names.message),
    task: said.get(names.task),
    node: said.get(names.node),
    attempts: numberOf(said.get(names.attempts)) ?? 1,
    redrives: numberOf(said.get(redrivesHeader)) ?? 0,
    holdsBack:
      said.get(names.holdsBack) === 'true'
        ? heldBackPlaceOf(said.get(names.application), origin, headers)
        : undefined,
    omitted: said.get(names.omitted),
  }
}

/**
 * The headers with which a dead letter goes to a partition: its own, and how often it went; back to where it came from,
 * also as what others of its key wait for it. `droppedTo`: where the topic of what was dropped ends.
 */
export function redrivenHeaders(
  { headers, redrives, holdsBack }: DeadLetter,
  to: TopicPartition,
  droppedTo: number,
): Header[] {
  const added: Header[] = [{ key: redrivesHeader, value: Buffer.from(String(redrives + 1)) }]
  if (holdsBack && isBack(holdsBack, to)) added.push(redrivenFrom({ ...holdsBack, droppedTo }))
  const set = [redrivesHeader, redrivenFromHeader]
  return [...headers.filter(({ key }) => !set.includes(key)), ...added]
}

/** Whether a partition is that which a record came from. */
export function isBack(from: TopicPartition, to: TopicPartition): boolean {
  return from.topic === to.topic && from.partition === to.partition
}

/** Where the record was read first: where this copy of it was, unless that had been redriven. */
function heldBackPlaceOf(
  applicationId: string | undefined,
  { topic, partition, offset }: DeadLetterOrigin,
  headers: Headers,
): HeldBackPlace | undefined {
  if (applicationId === undefined || topic === undefined) return undefined
  if (partition === undefined || offset === undefined) return undefined
  const redriven = readRedrivenFrom(headers, applicationId, { topic, partition })
  return { applicationId, topic, partition, offset: redriven?.offset ?? offset }
}

function isOwn({ key }: Header): boolean {
  return !deadLetterPrefixes.some((prefix) => key.startsWith(prefix))
}

function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined
}
