import { TopologyError } from '../../core/errors.ts'
import type { InputTopicCounts } from '../input-topics.ts'

/** Why the data of another member may be unreadable, and what to do. */
export const foreignMember: string =
  'another program uses this application id as its consumer group, or a worker runs another ' +
  'version of Millrace; give them different ids, or stop the other'

/** The version of what members and leaders write. */
export const dataVersion = 2

/** What a member tells the leader; JSON, so that a person can read it with Kafka's tools. */
export interface MemberData {
  readonly version: typeof dataVersion
  /** The same for all that share a state folder, and after a restart on it. */
  readonly processId: string
  /** As of which generation {@link active} is; −1 for a member that is new. */
  readonly generation: number
  /** Tasks that were given to the member and that it has not let go. */
  readonly active: readonly string[]
  /** Tasks that it keeps a standby of. */
  readonly standby: readonly string[]
  /** By task, the sum of the changelog offsets that its copy of the state is at. */
  readonly stored: Readonly<globalThis.Record<string, number>>
  /** Two members with differing topologies cannot share tasks. */
  readonly fingerprint: string
}

/** What the leader tells a member. */
export interface AssignmentData {
  readonly version: typeof dataVersion
  /** Tasks to run from now on; what the member has besides it lets go. */
  readonly active: readonly string[]
  readonly standby: readonly string[]
  /** Tasks that the member will be given when those who run them have let them go. */
  readonly awaited: readonly string[]
  /** Whether the member is to join again as soon as it has let go what is not in {@link active}. */
  readonly followUp: boolean
  /** Whether tasks of anyone are on the move, so that another rebalance follows soon. */
  readonly unsettled: boolean
  /** Partition counts of the input topics as the leader saw them, from which the tasks follow. */
  readonly inputs?: InputTopicCounts
  /** After so long the member is to have the tasks assigned anew, since some may then be better elsewhere. */
  readonly probeAfterMs?: number
  /** Why the member gets no tasks and has to stop; undefined where it may stay. */
  readonly refused?: string
}

/** An assignment of nothing. */
export const noTasks: AssignmentData = Object.freeze({
  version: dataVersion,
  active: [],
  standby: [],
  awaited: [],
  followUp: false,
  unsettled: false,
})

export function encodeData(data: MemberData | AssignmentData): Buffer {
  return Buffer.from(JSON.stringify(data))
}

/** Undefined for the data of something else than this version of Millrace. */
export function decodeMemberData(bytes: Buffer): MemberData | undefined {
  const { version, processId, generation, active, standby, stored, fingerprint } = parse(bytes)
  if (
    version === dataVersion &&
    typeof processId === 'string' &&
    typeof generation === 'number' &&
    isNames(active) &&
    isNames(standby) &&
    isSums(stored) &&
    typeof fingerprint === 'string'
  ) {
    return { version, processId, generation, active, standby, stored, fingerprint }
  }
  return undefined
}

/**
 * Empty data, which a member gets that was left out, holds no tasks.
 *
 * @throws TopologyError for the data of something else than this version of Millrace
 */
export function decodeAssignmentData(bytes: Buffer): AssignmentData {
  if (bytes.length === 0) return noTasks
  const { version, active, standby, awaited, followUp, unsettled, ...rest } = parse(bytes)
  const { probeAfterMs, refused, inputs } = rest
  // Every version has this, so that a worker that is refused can always say why.
  if (typeof refused === 'string') return { ...noTasks, refused }
  if (
    version === dataVersion &&
    isNames(active) &&
    isNames(standby) &&
    isNames(awaited) &&
    typeof followUp === 'boolean' &&
    typeof unsettled === 'boolean' &&
    isSums(inputs)
  ) {
    const probe = typeof probeAfterMs === 'number' ? { probeAfterMs } : {}
    return { version, active, standby, awaited, followUp, unsettled, inputs, ...probe }
  }
  throw new TopologyError(`The group leader's assignment cannot be read: ${foreignMember}`)
}

function parse(bytes: Buffer): globalThis.Record<string, unknown> {
  try {
    return Object(JSON.parse(bytes.toString())) as globalThis.Record<string, unknown>
  } catch {
    return {}
  }
}

function isNames(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string')
}

function isSums(value: unknown): value is globalThis.Record<string, number> {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.values(value).every((each) => typeof each === 'number')
  )
}
