import type { GroupIdentity } from '../../port.ts'
import { apis } from './api-keys.ts'
import type { Request } from './request.ts'

export interface SyncGroupResponse {
  readonly errorCode: number
  readonly assignment: Buffer
}

/** Fetches this member's assignment, which the leader's request brings for all. */
export function syncGroup(
  member: GroupIdentity,
  assignments: ReadonlyMap<string, Buffer>,
  rebalanceTimeoutMs: number,
): Request<SyncGroupResponse> {
  return {
    ...apis.syncGroup,
    brokerWaitMs: rebalanceTimeoutMs,
    write(body) {
      body.string(member.groupId).int32(member.generationId)
      body.string(member.memberId).string(member.instanceId)
      body.array([...assignments], ([memberId, assignment]) =>
        body.string(memberId).sizedBytes(assignment),
      )
    },
    read(body) {
      body.throttleTime()
      return { errorCode: body.int16(), assignment: body.sizedBytes() }
    },
  }
}
