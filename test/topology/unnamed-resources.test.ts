import { JoinWindows, StreamsBuilder } from 'millrace'
import { string } from 'millrace/serdes'
import { expect, it } from 'vitest'
import { requireNames, unnamedResources } from '../../src/topology/unnamed-resources.ts'
import { text } from '../dsl/golden/topics.ts'

const key = string()

function unnamed(declare: (builder: StreamsBuilder) => void): string[] {
  const builder = new StreamsBuilder()
  declare(builder)
  return unnamedResources(builder.build().plan())
}

it('names generated for stores and repartition topics are found, those of the user are not', () => {
  expect(
    unnamed((builder) => {
      const rekeyed = builder.stream(text('in')).selectKey((word) => word, { key })
      rekeyed.groupByKey().count()
      rekeyed.groupByKey({ name: 'named' }).count({ store: 'named' })
      rekeyed.groupByKey().count({ store: 'stored' })
      rekeyed.repartition().to(text('out'))
      rekeyed.join(builder.table(text('table')), (a) => a).to(text('out-2'))
    }),
  ).toEqual([
    'store KSTREAM-AGGREGATE-STATE-STORE-0000000002',
    'store table-STATE-STORE-0000000020',
    'repartition topic KSTREAM-AGGREGATE-STATE-STORE-0000000002-repartition',
    'repartition topic KSTREAM-REPARTITION-0000000015-repartition',
    'repartition topic KSTREAM-KEY-SELECT-0000000001-repartition',
  ])
})

it('the stores of a join without names are found, with what is named after an operator', () => {
  const within = JoinWindows.of({ timeDifferenceMs: 1, graceMs: 0 })
  expect(
    unnamed((builder) => {
      const stream = builder.stream(text('in'))
      stream.leftJoin(builder.stream(text('in-2')), (a) => a, { windows: within })
      const other = builder.stream(text('in-3'))
      stream.join(other, (a) => a, { windows: within, name: 'pairs', store: 'pairs' })
    }),
  ).toEqual([
    'store KSTREAM-JOINTHIS-0000000004-store',
    'store KSTREAM-OUTEROTHER-0000000005-store',
    'store KSTREAM-OUTERSHARED-0000000004-store',
  ])
})

it('a generated name that the user gives is the user’s, so that what runs can keep its state', () => {
  const name = 'KSTREAM-AGGREGATE-STATE-STORE-0000000001'
  const count = (options: object) => (builder: StreamsBuilder) => {
    builder.stream(text('in')).groupByKey().count(options)
  }
  expect(unnamed(count({}))).toEqual([`store ${name}`])
  expect(unnamed(count({ store: name }))).toEqual([])
})

it('the refusal names all of them, and what to do', () => {
  const builder = new StreamsBuilder()
  builder.stream(text('in')).groupByKey().count()
  expect(() => requireNames(builder.build().plan())).toThrow(
    /store KSTREAM-AGGREGATE-STATE-STORE-0000000001\. Name a store .*requireExplicitNames: false/,
  )
})
