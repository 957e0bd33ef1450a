import { readdirSync, readFileSync } from 'node:fs'
import { StreamsBuilder } from 'millrace'
import { describe, expect, it } from 'vitest'
import { allTopologies } from './golden/all-topologies.ts'

const golden = new URL('../golden/describe/', import.meta.url)
const described = readdirSync(golden).map((file) => file.replace(/\.txt$/, ''))

describe('describe() prints what Kafka Streams prints for the same topology:', () => {
  it('every topology of the oracle is declared here, and no other', () => {
    expect(Object.keys(allTopologies).sort()).toEqual([...described].sort())
  })

  it.each(described)('%s', (name) => {
    const builder = new StreamsBuilder()
    allTopologies[name]!(builder)
    expect(builder.build().describe()).toBe(readFileSync(new URL(`${name}.txt`, golden), 'utf8'))
  })
})
