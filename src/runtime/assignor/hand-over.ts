import type { MemberTasks } from './assignment.ts'

/** What a member says that it runs, and as of which generation of the group. */
export interface TaskClaims {
  readonly memberId: string
  readonly generation: number
  readonly active: readonly string[]
  readonly standby: readonly string[]
}

/** What a member is told on the way to what it is to have. */
export interface HandOver extends MemberTasks {
  /** Tasks that it gets when others have let them go. */
  readonly awaited: readonly string[]
  /** Whether another member waits for what this one lets go. */
  readonly followUp: boolean
}

/**
 * Who runs each task. Of two members that say they do, the one that was given it later has it: the other was expelled,
 * and does not know it yet.
 */
export function ownersOf(members: readonly TaskClaims[]): Map<string, string> {
  const owners = new Map<string, TaskClaims>()
  for (const member of members) {
    for (const task of member.active) {
      const other = owners.get(task)
      if (other === undefined || other.generation < member.generation) owners.set(task, member)
    }
  }
  return new Map([...owners].map(([task, { memberId }]) => [task, memberId]))
}

/**
 * Withholds each task from its new owner until the present one has let it go: that one is told first, and joins again
 * when the task is committed and closed; then it is nobody's, and can be given. Until then a member that is to run a
 * task goes on with the standby of it that it has.
 *
 * @remarks Source: KIP-429, Java's `StreamsPartitionAssignor`.
 */
export function handOver(
  target: ReadonlyMap<string, MemberTasks>,
  members: readonly TaskClaims[],
): Map<string, HandOver> {
  const owners = ownersOf(members)
  const letGo = new Set<string>()
  const told = new Map<string, HandOver>()
  const standbys = new Map(members.map(({ memberId, standby }) => [memberId, new Set(standby)]))
  for (const [memberId, { active, standby }] of target) {
    const isOthers = (task: string): boolean => (owners.get(task) ?? memberId) !== memberId
    const awaited = active.filter(isOthers)
    for (const task of awaited) letGo.add(owners.get(task)!)
    const kept = awaited.filter((task) => standbys.get(memberId)?.has(task))
    told.set(memberId, {
      active: active.filter((task) => !isOthers(task)),
      standby: [...standby, ...kept],
      awaited,
      followUp: false,
    })
  }
  return new Map(
    [...told].map(([memberId, each]) => [memberId, { ...each, followUp: letGo.has(memberId) }]),
  )
}
