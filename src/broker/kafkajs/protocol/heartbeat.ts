import type { GroupIdentity } from '../../port.ts'
import { apis } from './api-keys.ts'
import type { Request } from './request.ts'

/** Says that a member lives; answers an error code. */
export function heartbeat(member: GroupIdentity): Request<number> {
  return {
    ...apis.heartbeat,
    write(body) {
      body.string(member.groupId).int32(member.generationId)
      body.string(member.memberId).string(member.instanceId)
    },
    read(body) {
      body.throttleTime()
      return body.int16()
    },
  }
}
