import { describeDifference, type SimulationDifference } from 'millrace/testing'
import { runSeed } from '../run-seed.ts'
import type { Defect } from './defect.ts'

/** Where a defect showed. */
export interface FoundDefect {
  /** The first seed that found it, counted from 1. */
  readonly seed: number
  readonly what: SimulationDifference['what']
  readonly difference: string
}

/** Runs the seeds that are always run, until one finds the defect; undefined where none does. */
export async function findDefect(
  { options, install }: Defect,
  seeds: number,
): Promise<FoundDefect | undefined> {
  const remove = install?.()
  try {
    for (let seed = 1; seed <= seeds; seed++) {
      const { result } = await runSeed(seed, options?.())
      const { difference } = result
      if (!difference) continue
      return { seed, what: difference.what, difference: describeDifference(seed, difference) }
    }
    return undefined
  } finally {
    remove?.()
  }
}
