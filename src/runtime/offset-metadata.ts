const timeOnlyVersion = 1
const withProgressVersion = 2
const headBytes = 9

/** Kafka refuses longer metadata unless it was configured otherwise (`offset.metadata.max.bytes`). */
const charactersMax = 4096

/** What is committed together with an offset. */
export interface OffsetMetadata {
  /** The highest event time of the partition; −1 for unknown. */
  readonly partitionTimeMs: number
  /** The progress of the task's processors, by their names for it. */
  readonly progress: ReadonlyMap<string, number>
}

/**
 * Writes the metadata of a committed offset in the form that Kafka Streams reads and writes. Progress that does not
 * fit is left out, what was noted last first.
 *
 * @remarks Source: Java's `TopicPartitionMetadata` and `ProcessorMetadata`.
 */
export function encodeOffsetMetadata({ partitionTimeMs, progress }: OffsetMetadata): string {
  const head = Buffer.alloc(headBytes)
  head.writeUInt8(progress.size === 0 ? timeOnlyVersion : withProgressVersion, 0)
  head.writeBigInt64BE(BigInt(partitionTimeMs), 1)
  if (progress.size === 0) return head.toString('base64')
  const count = Buffer.alloc(4)
  const parts: Buffer[] = [head, count]
  let length = head.length + count.length
  for (const [name, value] of progress) {
    const entry = progressEntry(name, value)
    if (Math.ceil((length + entry.length) / 3) * 4 > charactersMax) break
    parts.push(entry)
    length += entry.length
  }
  count.writeInt32BE(parts.length - 2, 0)
  return Buffer.concat(parts, length).toString('base64')
}

function progressEntry(name: string, value: number): Buffer {
  const nameBytes = Buffer.from(name, 'utf8')
  const entry = Buffer.alloc(4 + nameBytes.length + 8)
  entry.writeInt32BE(nameBytes.length, 0)
  nameBytes.copy(entry, 4)
  entry.writeBigInt64BE(BigInt(value), 4 + nameBytes.length)
  return entry
}

/** Reads what {@link encodeOffsetMetadata} or Kafka Streams wrote; of anything else nothing is known. */
export function decodeOffsetMetadata(metadata: string | undefined): OffsetMetadata {
  const unknown = { partitionTimeMs: -1, progress: new Map<string, number>() }
  if (metadata === undefined || metadata === '') return unknown
  const bytes = Buffer.from(metadata, 'base64')
  if (bytes.length < headBytes) return unknown
  const version = bytes.readUInt8(0)
  if (version !== timeOnlyVersion && version !== withProgressVersion) return unknown
  const timestampMs = Number(bytes.readBigInt64BE(1))
  const partitionTimeMs = Number.isSafeInteger(timestampMs) && timestampMs >= 0 ? timestampMs : -1
  return { partitionTimeMs, progress: decodeProgress(bytes.subarray(headBytes)) }
}

function decodeProgress(bytes: Buffer): Map<string, number> {
  const progress = new Map<string, number>()
  if (bytes.length < 4) return progress
  let at = 4
  for (let left = bytes.readInt32BE(0); left > 0; left--) {
    if (at + 4 > bytes.length) return new Map()
    const nameLength = bytes.readInt32BE(at)
    const valueAt = at + 4 + nameLength
    if (nameLength < 0 || valueAt + 8 > bytes.length) return new Map()
    const value = Number(bytes.readBigInt64BE(valueAt))
    if (Number.isSafeInteger(value)) progress.set(bytes.toString('utf8', at + 4, valueAt), value)
    at = valueAt + 8
  }
  return progress
}
