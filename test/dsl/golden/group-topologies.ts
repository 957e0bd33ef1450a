import { TimeWindows, topic, type StreamsBuilder, type Topic, type Windowed } from 'millrace'
import { long, string, windowed, type Serde } from 'millrace/serdes'
import { counts, text, type Declare } from './topics.ts'

const key = string()
const value = string()

function windowedOut<V>(serde: Serde<V>): Topic<Windowed<string>, V> {
  return topic('out', { key: windowed(string(), 10), value: serde })
}

function unnamedTwice(builder: StreamsBuilder): void {
  const grouped = builder.stream(text('in')).groupBy((word) => word, { key })
  grouped.count()
  grouped.reduce((a) => a)
  grouped.aggregate(
    () => '',
    (all) => all,
    { value },
  )
}

function namedTwice(builder: StreamsBuilder): void {
  const grouped = builder.stream(text('in')).groupBy((word) => word, { key, name: 'by-value' })
  grouped.count()
  grouped.reduce((a) => a, { store: 'reduced' })
  grouped.windowedBy(TimeWindows.of({ sizeMs: 10, graceMs: 0 })).count()
  builder.stream(text('in-2')).to(text('out'))
}

function groupByKeyRekeyed(builder: StreamsBuilder): void {
  const stream = builder.stream(text('in')).selectKey((word) => word, { key })
  stream.groupByKey().count()
  stream.groupByKey({ name: 'named' }).count({ name: 'counted' })
  stream.groupByKey().reduce((a) => a, { name: 'reducer', store: 'reduced' })
  stream.to(text('out'))
}

function chain(builder: StreamsBuilder): void {
  builder
    .stream(text('in'))
    .selectKey((word) => word.slice(0, 1), { key })
    .groupByKey()
    .reduce((a, b) => `${a}+${b}`, { store: 'by-letter' })
    .toStream()
    .selectKey((words) => String(words!.length), { key })
    .groupByKey({ name: 'by-length' })
    .count({ store: 'lengths' })
    .toStream()
    .mapValues((count) => `n${count}`)
    .to(text('out'))
}

function windowedUnnamed(builder: StreamsBuilder): void {
  const grouped = builder.stream(text('in')).groupBy((word) => word, { key })
  const size = TimeWindows.of({ sizeMs: 10, graceMs: 0 })
  grouped.windowedBy(size).count()
  grouped.windowedBy(size).reduce((a, b) => a + b)
  grouped.windowedBy(size).aggregate(
    () => '',
    (all) => all,
    { name: 'named', value },
  )
}

export const groupTopologies: Readonly<Record<string, Declare>> = {
  count: (builder) => {
    const table = builder.stream(text('in')).groupByKey().count({ store: 'counts' })
    table.toStream().to(counts('out'))
  },
  'count-unnamed': (builder) => {
    builder.stream(text('in')).groupByKey().count().toStream().to(counts('out'))
  },
  reduce: (builder) => {
    const grouped = builder.stream(text('in')).groupByKey()
    const table = grouped.reduce((a, b) => a + b, { store: 'joined' })
    table.toStream().to(text('out'))
  },
  aggregate: (builder) => {
    builder
      .stream(text('in'))
      .groupByKey()
      .aggregate(
        () => '',
        (all, word, id) => (word === 'c' ? null : all + id + word),
        { name: 'collect', store: 'all', value },
      )
      .toStream({ name: 'updates' })
      .to(text('out'))
  },
  'group-by': (builder) => {
    const grouped = builder.stream(text('in')).groupBy((word) => word, { key })
    grouped.count({ store: 'counts' }).toStream().to(counts('out'))
  },
  'group-by-unnamed-twice': unnamedTwice,
  'group-by-named-twice': namedTwice,
  'group-by-key-rekeyed': groupByKeyRekeyed,
  'repartition-chain': chain,
  'windowed-count': (builder) => {
    builder
      .stream(text('in'))
      .groupByKey()
      .windowedBy(TimeWindows.of({ sizeMs: 10, graceMs: 5 }))
      .count({ store: 'counts' })
      .toStream()
      .to(windowedOut(long({ as: 'number' })))
  },
  'windowed-reduce-no-grace': (builder) => {
    builder
      .stream(text('in'))
      .groupByKey()
      .windowedBy(TimeWindows.of({ sizeMs: 10, graceMs: 0 }))
      .reduce((a, b) => a + b, { name: 'reduced', store: 'joined' })
      .toStream()
      .to(windowedOut(string()))
  },
  'hopping-aggregate': (builder) => {
    builder
      .stream(text('in'))
      .groupByKey()
      .windowedBy(TimeWindows.of({ sizeMs: 10, graceMs: 3, advanceMs: 4 }))
      .aggregate(
        () => '',
        (all, word) => all + word,
        { store: 'all', value },
      )
      .toStream()
      .to(windowedOut(string()))
  },
  'windowed-unnamed': windowedUnnamed,
}
