/** The first thing that a simulation found to be other than it has to be. */
export interface SimulationDifference {
  /**
   * What differs: a record of an `output` topic; a row of a `store`; what is on a `disk` against its changelog; a
   * committed `offset`; a `transaction` that stays open; a `dead-letter`; or, where there is no `progress`, or a worker
   * has ended with an `error`, the application itself.
   */
  readonly what:
    'output' | 'store' | 'disk' | 'offset' | 'transaction' | 'dead-letter' | 'progress' | 'error'
  /** The topic, or the store. */
  readonly topic: string | undefined
  readonly partition: number | undefined
  readonly key: string | undefined
  readonly expected: string
  readonly got: string
}

/** What happened in a simulation. */
export interface SimulationFacts {
  readonly virtualMs: number
  readonly events: number
  readonly inputRecords: number
  readonly outputRecords: number
  /** By the place in the worker's work at which it crashed. */
  readonly crashes: ReadonlyMap<string, number>
  /** Other faults, by kind. */
  readonly faults: ReadonlyMap<string, number>
}

/** What came of a simulation. */
export interface SimulationResult {
  readonly seed: number
  /** Undefined where everything is as it has to be. */
  readonly difference: SimulationDifference | undefined
  readonly facts: SimulationFacts
  /** All that happened, a line each, in order; the same for the same seed. */
  readonly trace: readonly string[]
}

/** A difference in one line. */
export function describeDifference(seed: number, difference: SimulationDifference): string {
  const { what, topic, partition, key, expected, got } = difference
  const place = [
    topic,
    partition === undefined ? undefined : `partition ${partition}`,
    key === undefined ? undefined : `key ${key}`,
  ].filter((part) => part !== undefined)
  const where = place.length === 0 ? '' : ` of ${place.join(', ')}`
  return `seed ${seed}: ${what}${where}: expected ${expected}, got ${got}`
}
