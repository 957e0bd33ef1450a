/** What a member brings to an assignment. */
export interface AssignableMember {
  readonly memberId: string
  /** Tasks that it ran until now. */
  readonly owned: readonly string[]
  /** Tasks whose state it has on disk. */
  readonly stored: readonly string[]
}

/**
 * Gives each task to one member: no member has more than one task over another; a task stays with the member that ran
 * it, else goes to one that has its state, as far as that allows. The same input gives the same result in any order.
 *
 * @remarks Source: Java's `StickyTaskAssignor`, in its aims.
 */
export function assignTasks(
  tasks: readonly string[],
  members: readonly AssignableMember[],
): Map<string, string[]> {
  const ordered = [...members].sort((a, b) => (a.memberId < b.memberId ? -1 : 1))
  const given = new Map<string, string[]>(ordered.map(({ memberId }) => [memberId, []]))
  if (ordered.length === 0) return given
  const open = new Set([...tasks].sort(byTaskId))
  const share = new FairShare(tasks.length, ordered.length)
  const take = (member: AssignableMember, task: string): void => {
    const mine = given.get(member.memberId)!
    if (!open.has(task) || !share.allows(mine.length)) return
    share.count(mine.length)
    mine.push(task)
    open.delete(task)
  }
  for (const member of ordered) for (const task of member.owned) take(member, task)
  for (const task of [...open]) {
    const holders = ordered.filter((member) => member.stored.includes(task))
    for (const holder of byLoad(holders, given)) take(holder, task)
  }
  for (const task of [...open]) take(byLoad(ordered, given)[0]!, task)
  return given
}

/** Lets each member have the same number of tasks, and as many members one more as the division leaves over. */
class FairShare {
  readonly #least: number
  #extra: number

  constructor(tasks: number, members: number) {
    this.#least = Math.floor(tasks / members)
    this.#extra = tasks % members
  }

  allows(load: number): boolean {
    return load < this.#least || (load === this.#least && this.#extra > 0)
  }

  count(load: number): void {
    if (load >= this.#least) this.#extra--
  }
}

function byLoad(
  members: readonly AssignableMember[],
  given: ReadonlyMap<string, readonly string[]>,
): AssignableMember[] {
  const load = (member: AssignableMember): number => given.get(member.memberId)!.length
  return [...members].sort((a, b) => load(a) - load(b))
}

/** `2_10` after `2_9`. */
function byTaskId(a: string, b: string): number {
  const [aSub, aPartition] = a.split('_').map(Number)
  const [bSub, bPartition] = b.split('_').map(Number)
  return aSub! - bSub! || aPartition! - bPartition!
}
