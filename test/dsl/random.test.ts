import { describe, expect, it } from 'vitest'
import { difference, runCase } from './random/run.ts'
import { compact, readVectors } from './random/vectors.ts'

const vectors = readVectors()

describe('random topologies give what they give in Kafka Streams:', () => {
  it('there are at least 200', () => {
    expect(vectors.length).toBeGreaterThanOrEqual(200)
  })

  // Run `npx tsx scripts/oracle-fuzz.ts --committed <seed>` to see a smaller form of a case that fails.
  it.each(vectors.map((vector) => [vector.spec.seed, vector] as const))(
    'seed %i',
    async (seed, { spec, java }) => {
      const ours = await runCase(spec, Object.keys(java.stores))
      const differs = difference(java, 'refused' in ours ? ours : compact(ours))
      expect(differs, `seed ${seed}: ${differs}`).toBeUndefined()
    },
  )
})
