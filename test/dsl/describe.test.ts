import { readdirSync, readFileSync } from 'node:fs'
import { StreamsBuilder } from 'millrace'
import { describe, expect, it } from 'vitest'
import { processorApi } from './golden/processor-api.ts'
import { allTopologies } from './golden/all-topologies.ts'

const golden = new URL('../golden/describe/', import.meta.url)
const names = readdirSync(golden).map((file) => file.replace(/\.txt$/, ''))

function described(name: string): string {
  const builder = new StreamsBuilder()
  allTopologies[name]!(builder)
  return builder.build().describe()
}

describe('describe() prints what Kafka Streams prints for the same topology:', () => {
  it('every topology of the oracle is declared here, and no other', () => {
    const declared = [...Object.keys(allTopologies), 'processor-api']
    expect(declared.sort()).toEqual([...names].sort())
  })

  it.each(names)('%s', (name) => {
    const text = name === 'processor-api' ? processorApi().describe() : described(name)
    expect(text).toBe(readFileSync(new URL(`${name}.txt`, golden), 'utf8'))
  })
})
