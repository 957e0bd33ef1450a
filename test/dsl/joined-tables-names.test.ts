import { StreamsBuilder } from 'millrace'
import { string } from 'millrace/serdes'
import { describe, expect, it } from 'vitest'
import { unnamedResources } from '../../src/topology/unnamed-resources.ts'
import { text } from './golden/topics.ts'

function unnamed(name: string | undefined): string[] {
  const builder = new StreamsBuilder()
  const left = builder.table(text('left'), { store: 'left' })
  left.join(builder.table(text('right'), { store: 'right' }), (a, b) => a + b, {
    on: (row) => row,
    ...(name !== undefined && { name }),
    store: 'joined',
    value: string(),
  })
  return unnamedResources(builder.build().plan())
}

describe('what a foreign-key join keeps', () => {
  it('has names of the user where the join has one', () => {
    expect(unnamed('join')).toEqual([])
  })

  it('has generated names otherwise, all of which are said', () => {
    expect(unnamed(undefined)).toEqual([
      'store KTABLE-FK-JOIN-SUBSCRIPTION-STATE-STORE-0000000008',
      'repartition topic KTABLE-FK-JOIN-SUBSCRIPTION-REGISTRATION-0000000004-topic',
      'repartition topic KTABLE-FK-JOIN-SUBSCRIPTION-RESPONSE-0000000012-topic',
    ])
  })
})
