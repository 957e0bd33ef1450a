import { apis } from './api-keys.ts'
import type { Request } from './request.ts'

/** Leaves a group; answers the error code of the request, else that of the member. */
export function leaveGroup(
  groupId: string,
  memberId: string,
  instanceId: string | undefined,
): Request<number> {
  return {
    ...apis.leaveGroup,
    write(body) {
      body.string(groupId).array([memberId], (id) => body.string(id).string(instanceId))
    },
    read(body) {
      body.throttleTime()
      const errorCode = body.int16()
      const members = body.array(() => {
        body.string() // member id
        body.nullableString() // instance id
        return body.int16()
      })
      return errorCode !== 0 ? errorCode : (members.find((code) => code !== 0) ?? 0)
    },
  }
}
