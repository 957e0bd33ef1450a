import { apis } from './api-keys.ts'
import type { BrokerAddress } from './metadata.ts'
import type { Request } from './request.ts'

export type CoordinatorType = 'group' | 'transaction'

export interface FindCoordinatorResponse {
  readonly errorCode: number
  readonly errorMessage: string | null
  readonly coordinator: BrokerAddress
}

/** Asks which broker coordinates a group or a transactional id. */
export function findCoordinator(
  type: CoordinatorType,
  key: string,
): Request<FindCoordinatorResponse> {
  return {
    ...apis.findCoordinator,
    write: (body) => void body.string(key).int8(type === 'group' ? 0 : 1),
    read(body) {
      body.throttleTime()
      return {
        errorCode: body.int16(),
        errorMessage: body.nullableString(),
        coordinator: { nodeId: body.int32(), host: body.string(), port: body.int32() },
      }
    },
  }
}
