import { apis } from './api-keys.ts'
import type { Request } from './request.ts'

export interface JoinGroupOptions {
  readonly groupId: string
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
  /** Empty at the first join. */
  readonly memberId: string
  readonly instanceId?: string | undefined
  readonly protocolName: string
  readonly subscription: Buffer
}

export interface JoinGroupResponse {
  readonly errorCode: number
  readonly generationId: number
  readonly protocolName: string
  readonly leaderId: string
  readonly memberId: string
  /** Filled for the leader only. */
  readonly members: readonly JoinedMember[]
}

export interface JoinedMember {
  readonly memberId: string
  readonly instanceId: string | null
  readonly subscription: Buffer
}

/** Joins a group; the broker answers when all members have, or the rebalance timeout has passed. */
export function joinGroup(options: JoinGroupOptions): Request<JoinGroupResponse> {
  return {
    ...apis.joinGroup,
    brokerWaitMs: options.rebalanceTimeoutMs,
    write(body) {
      body.string(options.groupId).int32(options.sessionTimeoutMs).int32(options.rebalanceTimeoutMs)
      body.string(options.memberId).string(options.instanceId).string('consumer')
      body.array([options], ({ protocolName, subscription }) =>
        body.string(protocolName).sizedBytes(subscription),
      )
    },
    read(body) {
      body.throttleTime()
      return {
        errorCode: body.int16(),
        generationId: body.int32(),
        protocolName: body.string(),
        leaderId: body.string(),
        memberId: body.string(),
        members: body.array(() => ({
          memberId: body.string(),
          instanceId: body.nullableString(),
          subscription: body.sizedBytes(),
        })),
      }
    },
  }
}
