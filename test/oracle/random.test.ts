import { describe, expect, it } from 'vitest'
import { generateCase } from '../dsl/random/generate.ts'
import { JavaOracle } from '../dsl/random/java.ts'
import { difference, runCase } from '../dsl/random/run.ts'
import { compact, readVectors, type RandomVector } from '../dsl/random/vectors.ts'

describe('random topologies', () => {
  it('are committed with what Kafka Streams gives', async () => {
    await using oracle = new JavaOracle()
    for (const { spec, java } of readVectors()) {
      const given = compact((await oracle.run(spec)) as RandomVector['java'])
      expect(given, `seed ${spec.seed}`).toEqual(java)
    }
  })

  it('agree with Kafka Streams also for seeds that are not committed', async () => {
    await using oracle = new JavaOracle()
    for (let seed = 1_000_000; seed < 1_000_025; seed++) {
      const spec = generateCase(seed)
      const java = await oracle.run(spec)
      const ours = await runCase(spec, 'refused' in java ? [] : Object.keys(java.stores))
      const differs = difference(java, ours)
      expect(differs, `seed ${seed}: ${differs}`).toBeUndefined()
    }
  })
})
