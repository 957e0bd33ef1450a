import { FencedError } from '../../core/errors.ts'
import type { GroupOptions } from '../port.ts'

/** Kafka's codes, which tell callers what happened as a real broker would. */
export const groupCodes: {
  readonly unknownMember: number
  readonly illegalGeneration: number
  readonly fencedInstance: number
  readonly rebalanceInProgress: number
} = { unknownMember: 25, illegalGeneration: 22, fencedInstance: 82, rebalanceInProgress: 27 }

/** The error for a member that the group does not have. */
export function unknownMember(groupId: string, memberId: string): FencedError {
  return new FencedError(
    `Member ${memberId} is no longer in group ${groupId}; it has to join again`,
    { brokerCode: groupCodes.unknownMember },
  )
}

/** The error for a member whose place another of the same instance id has taken. */
export function fencedInstance(groupId: string, { instanceId }: GroupOptions): FencedError {
  return new FencedError(
    `Another member has joined group ${groupId} as instance ${instanceId}; ` +
      'each instance id is for one member at a time',
    { brokerCode: groupCodes.fencedInstance },
  )
}
