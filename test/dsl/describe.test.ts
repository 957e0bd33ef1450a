import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { StreamsError } from '../../src/core/errors.ts'
import { allTopologies } from './golden/all-topologies.ts'
import { buildTopology } from './golden/build.ts'
import { processorApi } from './golden/processor-api.ts'

const golden = new URL('../golden/', import.meta.url)

function namesIn(folder: string): string[] {
  const files = new URL(`${folder}/`, golden)
  return existsSync(files) ? readdirSync(files).map((file) => file.replace(/\.txt$/, '')) : []
}

const described = namesIn('describe')
const refused = namesIn('refused')

describe('describe() prints what Kafka Streams prints for the same topology:', () => {
  it('every topology of the oracle is declared here, and no other', () => {
    const declared = [...Object.keys(allTopologies), 'processor-api']
    expect(declared.sort()).toEqual([...described, ...refused].sort())
  })

  it.each(described)('%s', (name) => {
    const topology = name === 'processor-api' ? processorApi() : buildTopology(name).topology
    const text = readFileSync(new URL(`describe/${name}.txt`, golden), 'utf8')
    expect(topology.describe()).toBe(text)
  })
})

describe('what Kafka Streams refuses is refused here:', () => {
  it.each(refused)('%s', (name) => {
    expect(() => buildTopology(name)).toThrow(StreamsError)
  })
})
