import { beforeAll, describe, expect, it } from 'vitest'
import { runChaos, type ChaosReport } from './chaos-run.ts'

// More of it: npx tsx scripts/chaos.ts --faults 200 --runs 5
const faults = 30

describe(`exactly once on Kafka, over ${faults} faults that befall three workers and the broker`, () => {
  let report: ChaosReport

  beforeAll(async () => {
    report = await runChaos({ seed: 20_260, faults, standbys: 1 })
  }, 420_000)

  it('has the faults happen while records are read', () => {
    expect(Object.values(report.faults).reduce((sum, count) => sum + count, 0)).toBe(faults)
    expect(report.inputs).toBeGreaterThan(10_000)
    expect(report.outputs).toBe(report.inputs * 5)
  })

  it('gives each record read exactly one record of each output, in order', () => {
    const { missing, surplus, wrong, examples } = report
    expect({ missing, surplus, wrong, examples }).toEqual({
      missing: 0,
      surplus: 0,
      wrong: 0,
      examples: [],
    })
  })

  it('has the stores hold what a recomputation gives, each key in one place', () => {
    expect(report.wrongRows).toBe(0)
  })

  it('leaves no transaction open, and no worker ended that nothing had ended', () => {
    expect(report.openTransactions).toBe(0)
    expect(report.surprises).toEqual([])
  })
})
