import { describeDifference } from 'millrace/testing'
import { runSeed } from './run-seed.ts'
import { Tally } from './tally.ts'

/** What many seeds came to. */
export interface SeedsRun {
  readonly tally: Tally
  /** How each that failed did, and how it is run again. */
  readonly failures: readonly string[]
}

export async function runSeeds(from: number, count: number): Promise<SeedsRun> {
  const tally = new Tally()
  const failures: string[] = []
  for (let seed = from; seed < from + count; seed++) {
    const { scenario, result } = await runSeed(seed)
    tally.add(result)
    if (!result.difference) continue
    failures.push(
      `${scenario.name}: ${describeDifference(seed, result.difference)}\n` +
        `  again: npx tsx scripts/simulate.ts --seed ${seed} --trace`,
    )
  }
  return { tally, failures }
}
