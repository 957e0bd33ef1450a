import type { TopicPartition } from '../../../core/topic-partition.ts'
import type { CommittedOffset, GroupIdentity } from '../../port.ts'
import { apis } from './api-keys.ts'
import {
  readCompactPartitionResults,
  readPartitionResults,
  type PartitionResult,
} from './partition-results.ts'
import { byTopic, type Request } from './request.ts'

/** The holder of a transaction. */
export interface TransactionOwner {
  readonly transactionalId: string
  readonly producerId: bigint
  readonly epoch: number
}

/** Makes partitions part of the open transaction, before a batch of it goes to them. */
export function addPartitionsToTxn(
  owner: TransactionOwner,
  partitions: readonly TopicPartition[],
): Request<readonly PartitionResult[]> {
  return {
    ...apis.addPartitionsToTxn,
    write(body) {
      body.string(owner.transactionalId).int64(owner.producerId).int16(owner.epoch)
      body.array(byTopic(partitions), ([topic, ofTopic]) =>
        body.string(topic).array(ofTopic, ({ partition }) => body.int32(partition)),
      )
    },
    read(body) {
      body.throttleTime()
      return readPartitionResults(body)
    },
  }
}

/** Makes a group's offsets part of the open transaction; answers an error code. */
export function addOffsetsToTxn(owner: TransactionOwner, groupId: string): Request<number> {
  return {
    ...apis.addOffsetsToTxn,
    write: (body) =>
      void body
        .string(owner.transactionalId)
        .int64(owner.producerId)
        .int16(owner.epoch)
        .string(groupId),
    read(body) {
      body.throttleTime()
      return body.int16()
    },
  }
}

/** Commits or aborts the open transaction; answers an error code. */
export function endTxn(owner: TransactionOwner, commit: boolean): Request<number> {
  return {
    ...apis.endTxn,
    write: (body) =>
      void body
        .string(owner.transactionalId)
        .int64(owner.producerId)
        .int16(owner.epoch)
        .boolean(commit),
    read(body) {
      body.throttleTime()
      return body.int16()
    },
  }
}

/** Writes offsets into the open transaction, fenced by the member's generation (KIP-447). */
export function txnOffsetCommit(
  owner: TransactionOwner,
  member: GroupIdentity,
  offsets: readonly CommittedOffset[],
): Request<readonly PartitionResult[]> {
  return {
    ...apis.txnOffsetCommit,
    write(body) {
      body.compactString(owner.transactionalId).compactString(member.groupId)
      body.int64(owner.producerId).int16(owner.epoch).int32(member.generationId)
      body.compactString(member.memberId).compactString(member.instanceId)
      body.compactArray(byTopic(offsets), ([topic, ofTopic]) =>
        body
          .compactString(topic)
          .compactArray(ofTopic, ({ partition, offset, metadata }) => {
            body
              .int32(partition)
              .int64(offset)
              .int32(-1)
              .compactString(metadata ?? '')
              .noTags()
          })
          .noTags(),
      )
      body.noTags()
    },
    read(body) {
      body.throttleTime()
      return readCompactPartitionResults(body)
    },
  }
}
