import type { ByteReader } from './byte-reader.ts'
import type { ByteWriter } from './byte-writer.ts'

/** One request of Kafka's protocol: which one, how its body is written, how the response's body is read. */
export interface Request<Response> {
  readonly apiKey: number
  readonly apiVersion: number
  /** As the protocol names it, for messages. */
  readonly apiName: string
  /**
   * Whether this version is a flexible one. The request header then ends with a section of tagged fields, and so
   * does the response header; kafkajs writes the older header, so the body begins with that (empty) section.
   */
  readonly flexible: boolean
  /** The response header ends with its first field although the version is a flexible one. */
  readonly plainAnswer?: boolean
  /** How long the broker may take by itself, such as for a long poll; the request's timeout is added to it. */
  readonly brokerWaitMs?: number
  write(body: ByteWriter): void
  read(body: ByteReader): Response
}

/** Groups by topic, since requests list partitions under their topics. */
export function byTopic<T extends { readonly topic: string }>(
  partitions: readonly T[],
): [topic: string, partitions: T[]][] {
  const topics = new Map<string, T[]>()
  for (const partition of partitions) {
    const same = topics.get(partition.topic)
    if (same === undefined) topics.set(partition.topic, [partition])
    else same.push(partition)
  }
  return [...topics]
}
