import type { CommittedOffset, GroupIdentity } from '../../port.ts'
import { apis } from './api-keys.ts'
import { readPartitionResults, type PartitionResult } from './partition-results.ts'
import { byTopic, type Request } from './request.ts'

/** Commits a member's offsets outside a transaction. */
export function offsetCommit(
  member: GroupIdentity,
  offsets: readonly CommittedOffset[],
): Request<readonly PartitionResult[]> {
  return {
    ...apis.offsetCommit,
    write(body) {
      body.string(member.groupId).int32(member.generationId)
      body.string(member.memberId).string(member.instanceId)
      body.array(byTopic(offsets), ([topic, ofTopic]) =>
        body.string(topic).array(ofTopic, ({ partition, offset, metadata }) => {
          body
            .int32(partition)
            .int64(offset)
            .int32(-1)
            .string(metadata ?? '')
        }),
      )
    },
    read(body) {
      body.throttleTime()
      return readPartitionResults(body)
    },
  }
}
