import { describeDifference } from 'millrace/testing'
import { expect, it } from 'vitest'
import { runSeed } from './run-seed.ts'

const seeds = { from: 61, to: 130 } as const

/** Tasks move only to where copies of their state have been warmed up, and standbys take over: all of it under faults. */
it('applications with standbys and warm-ups come to the same, whatever fails', async () => {
  const failures: string[] = []
  for (let seed = seeds.from; seed <= seeds.to; seed++) {
    const { scenario, result } = await runSeed(seed, {
      config: { numStandbyReplicas: 1, acceptableRecoveryLag: 0, probingRebalanceIntervalMs: 200 },
    })
    if (!result.difference) continue
    failures.push(`${scenario.name}: ${describeDifference(seed, result.difference)}`)
  }
  expect(failures).toEqual([])
})
