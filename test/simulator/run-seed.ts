import { simulate, type SimulationOptions, type SimulationResult } from 'millrace/testing'
import { scenarios } from './scenarios/scenarios.ts'
import type { Scenario } from './scenarios/scenario.ts'

/** What one seed came to. */
export interface SeedRun {
  readonly scenario: Scenario
  readonly result: SimulationResult
}

/** Simulates the scenario that it is the seed's turn for. */
export async function runSeed(
  seed: number,
  more: Partial<SimulationOptions> = {},
): Promise<SeedRun> {
  const scenario = scenarios[seed % scenarios.length]!
  const { name: _, build, ...options } = scenario
  const result = await simulate({ seed, topology: build(), ...options, ...more })
  return { scenario, result }
}
