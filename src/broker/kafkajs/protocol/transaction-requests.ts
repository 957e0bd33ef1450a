import type { TopicPartition } from '../../../core/topic-partition.ts'
import type { CommittedOffset, GroupIdentity } from '../../port.ts'
import { apis, epochApis } from './api-keys.ts'
import type { ProducerIdentity } from './init-producer-id.ts'
import {
  readCompactPartitionResults,
  readPartitionResults,
  type PartitionResult,
} from './partition-results.ts'
import { byTopic, type Request } from './request.ts'

/** The holder of a transaction. */
export interface TransactionOwner extends ProducerIdentity {
  readonly transactionalId: string
}

/** How a transaction ended, and in whose name the next one is. */
export interface EndTxnResponse {
  readonly errorCode: number
  /** Undefined where one identity serves for all transactions. */
  readonly next: ProducerIdentity | undefined
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

/** Commits or aborts the open transaction. */
export function endTxn(owner: TransactionOwner, commit: boolean): Request<EndTxnResponse> {
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
      return { errorCode: body.int16(), next: undefined }
    },
  }
}

/** Commits or aborts the open transaction, and begins another epoch: under this one nothing more can be done. */
export function endTxnAndEpoch(owner: TransactionOwner, commit: boolean): Request<EndTxnResponse> {
  return {
    ...epochApis.endTxn,
    write: (body) =>
      void body
        .compactString(owner.transactionalId)
        .int64(owner.producerId)
        .int16(owner.epoch)
        .boolean(commit)
        .noTags(),
    read(body) {
      body.throttleTime()
      const errorCode = body.int16()
      return { errorCode, next: { producerId: body.int64Exact(), epoch: body.int16() } }
    },
  }
}

/**
 * Writes offsets into the open transaction, fenced by the member's generation (KIP-447). With `addsGroup` that makes the
 * group part of a transaction which has an epoch of its own.
 */
export function txnOffsetCommit(
  owner: TransactionOwner,
  member: GroupIdentity,
  offsets: readonly CommittedOffset[],
  addsGroup = false,
): Request<readonly PartitionResult[]> {
  return {
    ...(addsGroup ? epochApis.txnOffsetCommit : apis.txnOffsetCommit),
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
