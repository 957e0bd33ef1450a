/** A task as its assignment sees it. */
export interface AssignableTask {
  /** Such as `0_3`. */
  readonly name: string
  /**
   * The sum of the end offsets of its changelogs, against which the state that members have is held; undefined for a
   * task without state that has to be restored, which may run anywhere at once.
   */
  readonly endOffsetSum: number | undefined
}

/** What a member brings to an assignment. */
export interface AssignableMember {
  readonly memberId: string
  /** Members with one process share a machine's fate and a state folder: a standby beside its active task is no help. */
  readonly processId: string
  /** Tasks that it runs now. */
  readonly active: readonly string[]
  /** Tasks that it keeps a standby of now, those that warm up among them. */
  readonly standby: readonly string[]
  /** The sum of the changelog offsets that its copy of a task's state is at; a task is absent where it has none. */
  readonly stored: ReadonlyMap<string, number>
}

/** How tasks are to be shared. */
export interface AssignmentSettings {
  /** Copies of each task with state besides the active one. Source: `num.standby.replicas`. */
  readonly numStandbyReplicas: number
  /** Changelog records that a copy may lack and still take over at once. Source: `acceptable.recovery.lag`. */
  readonly acceptableRecoveryLag: number
  /** Copies beyond the standbys that may be brought up at a time, to move tasks to. Source: `max.warmup.replicas`. */
  readonly maxWarmupReplicas: number
}

/** What one member is to have. */
export interface MemberTasks {
  readonly active: readonly string[]
  /** Standbys, and those that warm up. */
  readonly standby: readonly string[]
}

/** The outcome of an assignment. */
export interface TaskAssignment {
  readonly members: ReadonlyMap<string, MemberTasks>
  /** Whether some task waits for a copy to warm up, so that the group has to assign again later. */
  readonly isProbing: boolean
}
