import type { GroupAssignment, GroupMemberSubscription, GroupSubscription } from '../../port.ts'
import { ByteReader } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'
import { byTopic } from './request.ts'

// Subscriptions and assignments in the format of Java's consumers, version 0, so that Kafka's own tools can show who
// reads what. The broker does not look into them.
// Source: `ConsumerProtocolSubscription.json` and `ConsumerProtocolAssignment.json`.

/** Writes what a member wants. */
export function encodeSubscription({ topics, userData }: GroupSubscription): Buffer {
  const body = new ByteWriter()
  body.int16(0).array(topics, (topic) => body.string(topic))
  return body.sizedBytes(userData).bytes()
}

/** Reads what a member wants; later versions add fields behind these, which are ignored. */
export function decodeSubscription(
  memberId: string,
  instanceId: string | null,
  bytes: Buffer,
): GroupMemberSubscription {
  const body = new ByteReader(bytes)
  body.int16() // version
  return {
    memberId,
    ...(instanceId === null ? {} : { instanceId }),
    topics: body.array(() => body.string()),
    userData: body.sizedBytes(),
  }
}

/** Writes what a member gets. */
export function encodeAssignment({ partitions, userData }: GroupAssignment): Buffer {
  const body = new ByteWriter()
  body
    .int16(0)
    .array(byTopic(partitions), ([topic, ofTopic]) =>
      body.string(topic).array(ofTopic, ({ partition }) => body.int32(partition)),
    )
  return body.sizedBytes(userData).bytes()
}

/** Reads what a member gets. A member that was given nothing may get no bytes at all. */
export function decodeAssignment(bytes: Buffer): GroupAssignment {
  if (bytes.length === 0) return { partitions: [], userData: Buffer.alloc(0) }
  const body = new ByteReader(bytes)
  body.int16() // version
  const topics = body.array(() => {
    const topic = body.string()
    return body.array(() => ({ topic, partition: body.int32() }))
  })
  return { partitions: topics.flat(), userData: body.sizedBytes() }
}
