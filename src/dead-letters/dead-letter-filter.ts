import type { DeadLetter } from './dead-letter.ts'

/** Which dead letters are meant; each that is given must hold. */
export interface DeadLetterFilter {
  /** The topic that the record came from. */
  readonly topic?: string
  /** The partition that it came from. */
  readonly partition?: number
  /** The lowest and the highest offset, both included, at which it was read. */
  readonly offsets?: { readonly from?: number; readonly to?: number }
  /** The bytes of the key; of a string those of UTF-8. */
  readonly key?: Uint8Array | string
  /** The earliest time of the record, in milliseconds since the epoch. */
  readonly sinceMs?: number
  /** The latest time of the record. */
  readonly untilMs?: number
  /** A code of errors, their class, or the class of what they came of. */
  readonly error?: string
}

/** Whether a dead letter is meant. */
export function isMeant(letter: DeadLetter, filter: DeadLetterFilter): boolean {
  const { topic, partition, key, offsets, sinceMs = -Infinity, untilMs = Infinity, error } = filter
  const { origin, timestampMs } = letter
  if (topic !== undefined && origin.topic !== topic) return false
  if (partition !== undefined && origin.partition !== partition) return false
  if (key !== undefined && letter.key?.equals(Buffer.from(key)) !== true) return false
  if (offsets !== undefined) {
    const { from = -Infinity, to = Infinity } = offsets
    if (origin.offset === undefined || origin.offset < from || origin.offset > to) return false
  }
  if (timestampMs < sinceMs || timestampMs > untilMs) return false
  return error === undefined || [letter.code, letter.exception, letter.cause].includes(error)
}
