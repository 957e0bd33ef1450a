// The header of a record batch of version 2, by position.
// Source: https://kafka.apache.org/documentation/#recordbatch, `org.apache.kafka.common.record.DefaultRecordBatch`.

export const baseOffsetAt = 0
export const lengthAt = 8
export const leaderEpochAt = 12
export const magicAt = 16
export const crcAt = 17
/** The checksum covers everything from here to the end. */
export const attributesAt = 21
export const lastOffsetDeltaAt = 23
export const baseTimestampAt = 27
export const maxTimestampAt = 35
export const producerIdAt = 43
export const producerEpochAt = 51
export const baseSequenceAt = 53
export const recordCountAt = 57
/** Size of the header: the records begin here. */
export const recordsAt = 61

/** The length field counts what follows it. */
export const lengthCountsFrom = 12

export const compressionMask = 0x07
export const logAppendTimeFlag = 0x08
export const transactionalFlag = 0x10
export const controlFlag = 0x20

/** The value of a 64-bit field as a number; offsets and timestamps stay within 2⁵³. */
export function readInt64(buffer: Buffer, position: number): number {
  return buffer.readInt32BE(position) * 0x100000000 + buffer.readUInt32BE(position + 4)
}

/** What the headers of fetched bytes say, without a look at the records. */
export interface BatchScan {
  /** The offset after the last complete batch; −1 where there is none. */
  readonly nextOffset: number
  /** Whether the bytes cannot be a sequence of batches. */
  readonly corrupt: boolean
}

/**
 * Walks the batch headers of fetched bytes. A batch that the fetch size cut off is left out, as the broker may send
 * one at the end.
 */
export function scanBatches(buffer: Buffer, start: number, end: number): BatchScan {
  let nextOffset = -1
  let at = start
  while (at + recordsAt <= end) {
    const length = buffer.readInt32BE(at + lengthAt)
    if (length < recordsAt - lengthCountsFrom) return { nextOffset, corrupt: true }
    const batchEnd = at + lengthCountsFrom + length
    if (batchEnd > end) break
    nextOffset = readInt64(buffer, at) + buffer.readInt32BE(at + lastOffsetDeltaAt) + 1
    at = batchEnd
  }
  return { nextOffset, corrupt: false }
}
