import { string } from 'millrace/serdes'
import type { StreamsBuilder } from 'millrace'
import { counts, text, type Declare } from './topics.ts'

const serdes = { key: string(), value: string() }

function stateless(builder: StreamsBuilder): void {
  const stream = builder.stream(text('in'))
  stream
    .filter((value) => value !== 'drop')
    .filterNot((value) => value === 'skip')
    .mapValues((value) => `${value}!`)
    .flatMapValues((value) => value.split(' '))
    .peek(() => {})
    .to(text('out'))
  stream.foreach(() => {})
}

function statelessNamed(builder: StreamsBuilder): void {
  const stream = builder.stream(text('in'), { name: 'source' })
  stream
    .filter(() => true, { name: 'filter' })
    .filterNot(() => false, { name: 'filter-not' })
    .mapValues((value) => value, { name: 'map-values' })
    .flatMapValues((value) => [value], { name: 'flat-map-values' })
    .map((value, key) => ({ key, value }), { name: 'map' })
    .flatMap((value, key) => [{ key, value }], { name: 'flat-map' })
    .selectKey((_value, key) => key, { name: 'select-key' })
    .peek(() => {}, { name: 'peek' })
    .merge(builder.stream(text('in-2')), { name: 'merge' })
    .to(text('out'), { name: 'sink' })
  stream.foreach(() => {}, { name: 'foreach' })
  stream.mapValues((value) => value).to(text('out-2'))
}

function rekeyed(builder: StreamsBuilder): void {
  builder
    .stream(text('in'))
    .map((value) => ({ key: value, value: `${value}1` }))
    .selectKey((value) => `${value}2`)
    .flatMap((value, key) => [
      { key: `${key}3`, value },
      { key: value, value: key },
    ])
    .to(text('out'))
}

function split(builder: StreamsBuilder): void {
  const branches = builder
    .stream(text('in'))
    .split()
    .branch((value) => value.startsWith('a'))
    .branch((value) => value.startsWith('b'))
    .defaultBranch()
  branches.get('KSTREAM-BRANCH-00000000011')!.to(text('out-a'))
  branches.get('KSTREAM-BRANCH-00000000012')!.to(text('out-b'))
  branches.get('KSTREAM-BRANCH-00000000010')!.to(text('out-rest'))
}

function splitNamed(builder: StreamsBuilder): void {
  const { a, b } = builder
    .stream(text('in'))
    .branch(
      { a: (value) => value.startsWith('a'), b: (value) => value.startsWith('b') },
      { name: 'by-letter-' },
    )
  a.to(text('out-a'))
  b.mapValues((value) => value).to(text('out-b'))
}

function mergeRekeyed(builder: StreamsBuilder): void {
  builder
    .stream(text('in'))
    .selectKey((value) => value, serdes)
    .merge(builder.stream(text('in-2')), serdes)
    .groupByKey()
    .count()
    .toStream()
    .to(counts('out'))
}

function repartition(builder: StreamsBuilder): void {
  const stream = builder.stream(text('in'))
  stream.repartition().to(text('out'))
  stream.repartition({ name: 'by-key' }).to(text('out-2'))
  stream
    .selectKey((value) => value)
    .repartition({ name: 'ten', partitions: 10, key: string() })
    .groupByKey()
    .count()
}

function sameTopicTwice(builder: StreamsBuilder): void {
  builder
    .stream(text('in'))
    .mapValues((value) => `${value}1`)
    .to(text('out'))
  builder.stream(text('other')).to(text('out-3'))
  builder
    .stream(text('in'))
    .mapValues((value) => `${value}2`)
    .to(text('out-2'))
}

function wide(builder: StreamsBuilder): void {
  const stream = builder.stream(text('in'))
  for (let width = 0; width < 9; width++) {
    let branch = stream
    for (let depth = 0; depth <= width % 4; depth++) branch = branch.mapValues((value) => value)
    branch.to(text(`out-${width}`))
  }
}

function diamonds(builder: StreamsBuilder): void {
  const stream = builder.stream(text('in'))
  const left = stream.filter(() => true)
  const right = stream.filterNot(() => true).mapValues((value) => value)
  let merged = left
    .merge(right)
    .merge(stream)
    .merge(builder.stream(text('in-2')))
  for (let i = 0; i < 4; i++) merged = merged.peek(() => {}).merge(left)
  merged.to(text('out'))
  right.to(text('out-2'))
  left.flatMapValues((value) => [value]).to(text('out-3'))
}

function byValue(value: string): string {
  return `out-${value}`
}

export const streamTopologies: Readonly<Record<string, Declare>> = {
  stateless,
  'stateless-named': statelessNamed,
  rekeyed,
  split,
  'split-named': splitNamed,
  merge: (builder) => {
    builder
      .stream(text('in'))
      .merge(builder.stream(text('in-2')))
      .to(text('out'))
  },
  'merge-rekeyed': mergeRekeyed,
  repartition,
  'same-topic-twice': sameTopicTwice,
  'several-topics': (builder) => {
    builder.stream(['alpha', 'beta', 'gamma', 'delta'].map(text)).to(text('out'))
  },
  'dynamic-topic': (builder) => {
    builder.stream(text('in')).to({ name: byValue, ...serdes })
  },
  wide,
  diamonds,
}
