import { DeserializationError } from '../core/errors.ts'
import type { Serde } from '../serdes/serde.ts'

/** A record that went through first: its time, and which record it was. */
export interface FirstSeen {
  readonly timestampMs: number
  /** The input record that it came of, and which one of those that came of it. */
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly ordinal: number
}

const fixedBytes = 8 + 8 + 4 + 4 + 2

/** The records of one id that went through within a while; almost always there is one. */
export const firstSeenSerde: Serde<readonly FirstSeen[]> = {
  name: 'first seen',
  serialize(seen) {
    return Buffer.concat(seen.map(bytesOf))
  },
  deserialize(bytes, context) {
    const seen: FirstSeen[] = []
    let at = 0
    while (at < bytes.length) {
      const topicAt = at + fixedBytes
      const end = topicAt > bytes.length ? Infinity : topicAt + bytes.readUInt16BE(topicAt - 2)
      if (end > bytes.length) {
        throw new DeserializationError(
          `${bytes.length} bytes of ${context.topic} are no record of ids that were seen: they are cut off`,
        )
      }
      seen.push({
        timestampMs: Number(bytes.readBigInt64BE(at)),
        offset: Number(bytes.readBigInt64BE(at + 8)),
        partition: bytes.readInt32BE(at + 16),
        ordinal: bytes.readUInt32BE(at + 20),
        topic: bytes.toString('utf8', topicAt, end),
      })
      at = end
    }
    return seen
  },
}

function bytesOf(seen: FirstSeen): Buffer {
  const topic = Buffer.from(seen.topic)
  const bytes = Buffer.allocUnsafe(fixedBytes + topic.length)
  bytes.writeBigInt64BE(BigInt(seen.timestampMs), 0)
  bytes.writeBigInt64BE(BigInt(seen.offset), 8)
  bytes.writeInt32BE(seen.partition, 16)
  bytes.writeUInt32BE(seen.ordinal, 20)
  bytes.writeUInt16BE(topic.length, 24)
  topic.copy(bytes, fixedBytes)
  return bytes
}
