import { TopologyError } from '../../core/errors.ts'

/** Why the data of another member may be unreadable, and what to do. */
export const foreignMember: string =
  'another program uses this application id as its consumer group, or a worker runs another ' +
  'version of Millrace; give them different ids, or stop the other'

/** What a member tells the leader; JSON, so that a person can read it with Kafka's tools. */
export interface MemberData {
  readonly version: 1
  readonly processId: string
  readonly owned: readonly string[]
  readonly stored: readonly string[]
  /** Two members with differing topologies cannot share tasks. */
  readonly fingerprint: string
}

/** What the leader tells a member. */
export interface AssignmentData {
  readonly version: 1
  readonly tasks: readonly string[]
  /** Why the member gets no tasks and has to stop; undefined where it may stay. */
  readonly refused?: string
}

export function encodeData(data: MemberData | AssignmentData): Buffer {
  return Buffer.from(JSON.stringify(data))
}

/** Undefined for the data of something else than this version of Millrace. */
export function decodeMemberData(bytes: Buffer): MemberData | undefined {
  const { version, processId, owned, stored, fingerprint } = parse(bytes)
  if (
    version === 1 &&
    typeof processId === 'string' &&
    isNames(owned) &&
    isNames(stored) &&
    typeof fingerprint === 'string'
  ) {
    return { version, processId, owned, stored, fingerprint }
  }
  return undefined
}

/**
 * Empty data, which a member gets that was left out, holds no tasks.
 *
 * @throws TopologyError for the data of something else than this version of Millrace
 */
export function decodeAssignmentData(bytes: Buffer): AssignmentData {
  if (bytes.length === 0) return { version: 1, tasks: [] }
  const { version, tasks, refused } = parse(bytes)
  if (typeof refused === 'string') return { version: 1, tasks: [], refused }
  if (version === 1 && isNames(tasks)) return { version, tasks }
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
