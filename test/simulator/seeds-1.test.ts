import { expect, it } from 'vitest'
import { runSeeds } from './run-seeds.ts'

it('applications come to what they have to come to, whatever fails (1 of 2)', async () => {
  const { tally, failures } = await runSeeds(1, 1_000)
  expect(failures).toEqual([])
  expect(tally.seeds).toBe(1_000)
})
