import type { Header, Headers } from '../core/headers.ts'
import type { TopicPartition } from '../core/topic-partition.ts'

/** Where a record that was redriven, or its last copy, was read first; it stays with the record. */
export const redrivenFromHeader = '__millrace.redriven.from'

/** A record by the place at which an application has read it first, however often it was redriven since. */
export interface FirstPlace extends TopicPartition {
  readonly applicationId: string
  readonly offset: number
}

/** What a redriven record says of itself. */
export interface RedrivenFrom extends FirstPlace {
  /** Where the topic of what was dropped ended when it was redriven: what came before belongs before it. */
  readonly droppedTo: number
}

/** The topic in which it is said which dead letters were dropped, each by {@link firstPlaceText}. */
export function droppedTopicOf(deadLetterTopic: string): string {
  return `${deadLetterTopic}-dropped`
}

/** A place as text. None of its parts can have a slash. */
export function firstPlaceText({ applicationId, topic, partition, offset }: FirstPlace): string {
  return `${applicationId}/${topic}/${partition}/${offset}`
}

/** Reads what {@link firstPlaceText} wrote; undefined for any other text. */
export function firstPlaceOf(text: string): FirstPlace | undefined {
  const [, applicationId, topic, partition, offset] = placePattern.exec(text) ?? []
  if (applicationId === undefined || topic === undefined) return undefined
  return { applicationId, topic, partition: Number(partition), offset: Number(offset) }
}

const placePattern = /^([^/]+)\/([^/]+)\/(\d+)\/(\d+)(?:\/\d+)?$/

/** The header with which a record is redriven. */
export function redrivenFrom(from: RedrivenFrom): Header {
  const value = Buffer.from(`${firstPlaceText(from)}/${from.droppedTo}`)
  return { key: redrivenFromHeader, value }
}

/**
 * What a record says of its being redriven to where it was read: undefined where it was not, or by another application,
 * or to another partition than it came from, as is the case of what was made of a redriven record.
 */
export function readRedrivenFrom(
  headers: Headers,
  applicationId: string,
  { topic, partition }: TopicPartition,
): RedrivenFrom | undefined {
  const text = headers.findLast(({ key }) => key === redrivenFromHeader)?.value?.toString()
  const place = text === undefined ? undefined : firstPlaceOf(text)
  if (text === undefined || place?.applicationId !== applicationId) return undefined
  if (place.topic !== topic || place.partition !== partition) return undefined
  return { ...place, droppedTo: Number(text.slice(text.lastIndexOf('/') + 1)) }
}
