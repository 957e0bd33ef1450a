import { describe, expect, it } from 'vitest'
import { runSeed } from './run-seed.ts'
import { scenarios } from './scenarios/scenarios.ts'

describe('the same seed', () => {
  it.each(scenarios.map(({ name }, i) => [name, i] as const))(
    'gives the same run, step by step: %s',
    async (_name, at) => {
      for (const seed of [at + 7_000 * scenarios.length, at + 8_000 * scenarios.length]) {
        const first = await runSeed(seed)
        const second = await runSeed(seed)
        expect(first.result.trace.length).toBeGreaterThan(20)
        expect(second.result.trace).toEqual(first.result.trace)
        expect(second.result.facts).toEqual(first.result.facts)
      }
    },
  )
})

it('another seed gives another run', async () => {
  const first = await runSeed(8)
  const second = await runSeed(16)
  expect(first.scenario).toBe(second.scenario)
  expect(second.result.trace).not.toEqual(first.result.trace)
})
