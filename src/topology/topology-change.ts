/** A difference between two snapshots of a topology. */
export interface TopologyChange {
  readonly subject:
    'store' | 'repartition topic' | 'internal topic' | 'source topic' | 'global store' | 'node'
  /** The name by which such a change is allowed. */
  readonly name: string
  readonly how: 'added' | 'removed' | 'changed'
  /** Whether what was computed is lost by it, or read otherwise than it was written. */
  readonly orphansState: boolean
  /** What changes and what comes of it, for people. */
  readonly text: string
  /** What to do where that is not wanted. */
  readonly advice?: string
}
