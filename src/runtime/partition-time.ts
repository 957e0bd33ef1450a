const legacyVersion = 1
const currentVersion = 2

/**
 * Writes a partition's time as the metadata of a committed offset, in the form that Kafka Streams reads and writes.
 *
 * @remarks Source: Java's `TopicPartitionMetadata`, version 1.
 */
export function encodePartitionTime(timestampMs: number): string {
  const bytes = Buffer.alloc(9)
  bytes.writeUInt8(legacyVersion, 0)
  bytes.writeBigInt64BE(BigInt(timestampMs), 1)
  return bytes.toString('base64')
}

/** Reads what {@link encodePartitionTime} or Kafka Streams wrote; −1, unknown, for anything else. */
export function decodePartitionTime(metadata: string | undefined): number {
  if (metadata === undefined || metadata === '') return -1
  const bytes = Buffer.from(metadata, 'base64')
  if (bytes.length < 9) return -1
  const version = bytes.readUInt8(0)
  if (version !== legacyVersion && version !== currentVersion) return -1
  const timestampMs = Number(bytes.readBigInt64BE(1))
  return Number.isSafeInteger(timestampMs) && timestampMs >= 0 ? timestampMs : -1
}
