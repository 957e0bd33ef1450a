import { describe, expect, it } from 'vitest'
import { generateCase } from '../dsl/random/generate.ts'
import { JavaOracle } from '../dsl/random/java.ts'
import { difference, runCase } from '../dsl/random/run.ts'
import type { CaseResult, CaseSpec } from '../dsl/random/spec.ts'
import { compact, readVectors, type RandomVector } from '../dsl/random/vectors.ts'

/** What Kafka Streams gives for each, which goes on to the next one without waiting for anything. */
async function giveAll(specs: readonly CaseSpec[]): Promise<CaseResult[]> {
  await using oracle = new JavaOracle()
  return await Promise.all(specs.map((spec) => oracle.run(spec)))
}

describe('random topologies', () => {
  it('are committed with what Kafka Streams gives', async () => {
    const vectors = readVectors()
    const given = await giveAll(vectors.map(({ spec }) => spec))
    for (const [at, { spec, java }] of vectors.entries()) {
      expect(compact(given[at] as RandomVector['java']), `seed ${spec.seed}`).toEqual(java)
    }
  })

  it('agree with Kafka Streams also for seeds that are not committed', async () => {
    const specs = Array.from({ length: 25 }, (_, at) => generateCase(1_000_000 + at))
    const given = await giveAll(specs)
    for (const [at, spec] of specs.entries()) {
      const java = given[at]!
      const ours = await runCase(spec, 'refused' in java ? [] : Object.keys(java.stores))
      const differs = difference(java, ours)
      expect(differs, `seed ${spec.seed}: ${differs}`).toBeUndefined()
    }
  })
})
