import {
  JoinWindows,
  SessionWindows,
  SlidingWindows,
  TimeWindows,
  type KGroupedStream,
  type Processor,
  type StreamPartitioner,
  type StreamsBuilder,
} from 'millrace'
import { string } from 'millrace/serdes'
import { counts, text, type Declare } from './topics.ts'

const key = string()
const value = string()
const serdes = { key, value }

function none(builder: StreamsBuilder): void {
  const stream = builder.stream(text('in'))
  const table = builder.table(text('table'))
  stream
    .filter(() => true)
    .filterNot(() => false)
    .map((word, id) => ({ key: id, value: word }))
    .flatMap((word, id) => [{ key: id, value: word }])
    .mapValues((word) => word)
    .flatMapValues((word) => [word])
    .peek(() => {})
    .selectKey((_word, id) => id)
    .merge(builder.stream(text('in-2')), serdes)
    .repartition()
    .toTable()
    .toStream()
    .to(text('out'))
  stream.foreach(() => {})
  table
    .filter(() => true)
    .filterNot(() => false)
    .mapValues((word) => word, { value })
    .toStream()
    .selectKey((word) => word!, serdes)
    .toTable()
    .toStream()
    .to(text('out-2'))
  stream.join(table, (a) => a).to(text('out-3'))
  stream.leftJoin(table, (a) => a).to(text('out-4'))
}

function everything(builder: StreamsBuilder): void {
  const stream = builder.stream(text('in'), { name: 'words' })
  const table = builder.table(text('table'), { name: 'rows' })
  stream
    .filter(() => true, { name: 'keep' })
    .filterNot(() => false, { name: 'drop' })
    .map((word, id) => ({ key: id, value: word }), { name: 'map' })
    .flatMap((word, id) => [{ key: id, value: word }], { name: 'flat-map' })
    .mapValues((word) => word, { name: 'map-values' })
    .flatMapValues((word) => [word], { name: 'flat-map-values' })
    .peek(() => {}, { name: 'peek' })
    .selectKey((_word, id) => id, { name: 'select-key' })
    .merge(builder.stream(text('in-2'), { name: 'more' }), { ...serdes, name: 'merge' })
    .repartition({ name: 'again' })
    .toTable({ name: 'to-table' })
    .toStream({ name: 'to-stream' })
    .to(text('out'), { name: 'sink' })
  stream.foreach(() => {}, { name: 'each' })
  table
    .filter(() => true, { name: 'keep-rows' })
    .filterNot(() => false, { name: 'drop-rows' })
    .mapValues((word) => word, { value, name: 'map-rows' })
    .toStream({ name: 'rows-to-stream' })
    .selectKey((word) => word!, { ...serdes, name: 'select-row-key' })
    .toTable({ name: 'to-rows' })
    .toStream({ name: 'rows-again' })
    .to(text('out-2'), { name: 'sink-2' })
  stream.join(table, (a) => a, { name: 'join' }).to(text('out-3'), { name: 'sink-3' })
  stream.leftJoin(table, (a) => a, { name: 'left-join' }).to(text('out-4'), { name: 'sink-4' })
}

function print(builder: StreamsBuilder): void {
  const stream = builder.stream(text('in'))
  stream.print()
  stream.mapValues((word) => word).print({ name: 'printer', label: 'words' })
}

function branches(builder: StreamsBuilder): void {
  const all = builder
    .stream(text('in'))
    .split({ name: 'by-' })
    .branch((word) => word === '', { name: 'none' })
    .branch((word) => word.length > 1)
    .defaultBranch({ name: 'one' })
  for (const [name, stream] of all) if (name !== 'by-none') stream.to(text(name))
}

function groups(builder: StreamsBuilder): void {
  const stream = builder.stream(text('in'))
  const by = (name: string): KGroupedStream<string, string> =>
    stream.groupBy((word) => word, { key, name })
  by('by-value').count({ name: 'number' })
  by('by-value-too').reduce((a) => a, { name: 'reduce' })
  stream.groupByKey({ name: 'not-repartitioned' }).aggregate(
    () => '',
    (all) => all,
    { name: 'sum', store: 'sums', value },
  )
  stream
    .selectKey((word) => word, { key, name: 'rekey' })
    .groupByKey({ name: 'by-new-key' })
    .count({ name: 'number-too', store: 'numbers' })
    .toStream({ name: 'out-stream' })
    .to(counts('out'))
}

function windows(builder: StreamsBuilder): void {
  const stream = builder.stream(text('in'))
  const by = (name: string): KGroupedStream<string, string> =>
    stream.groupBy((word) => word, { key, name })
  by('by-time')
    .windowedBy(TimeWindows.of({ sizeMs: 10, graceMs: 0 }))
    .count({ name: 'in-time' })
  by('by-sliding')
    .windowedBy(SlidingWindows.of({ timeDifferenceMs: 10, graceMs: 0 }))
    .reduce((a) => a, { name: 'in-sliding', store: 'sliding' })
  by('by-session')
    .windowedBy(SessionWindows.of({ gapMs: 10, graceMs: 0 }))
    .count({ name: 'in-session' })
}

function tables(builder: StreamsBuilder): void {
  const table = builder.table(text('table'), { store: 'rows' })
  table.filter(() => true, { name: 'keep', store: 'kept' })
  table.mapValues((word) => word, { name: 'change', store: 'changed', value })
  table
    .groupBy((word, id) => ({ key: word, value: id }), { ...serdes, name: 'by-value' })
    .reduce(
      (a) => a,
      (a) => a,
      { name: 'reduce', store: 'reduced' },
    )
  table.groupBy((word, id) => ({ key: word, value: id }), serdes).count({ name: 'number' })
  builder.globalTable(text('global'), { name: 'everywhere' })
  builder.globalTable(text('global-2'), { store: 'global-rows' })
}

const chosen: StreamPartitioner<string, string> = (_topic, _key, word) => {
  if (word === 'none') return []
  return word === 'key' ? undefined : 0
}

const named: Readonly<Record<string, Declare>> = {
  'names-none': none,
  'names-all': everything,
  'names-print': print,
  'names-branches': branches,
  'names-of-groups': groups,
  'names-of-windows': windows,
  'names-of-tables': tables,
  'names-stores-only': (builder) => {
    builder
      .stream(text('in'))
      .selectKey((word) => word, { key })
      .groupByKey()
      .count({ store: 'counts' })
      .mapValues((count) => `n${count}`, { store: 'texts', value })
      .filter(() => true, { store: 'kept' })
      .toStream()
      .to(text('out'))
  },
  'names-repartition-partitions': (builder) => {
    builder
      .stream(text('in'))
      .repartition({ name: 'wide', partitions: 6 })
      .repartition({ partitions: 2 })
      .leftJoin(builder.table(text('table')), (a, b) => `${a}${b}`)
      .to(text('out'))
  },
  'repartition-partitioner': (builder) => {
    builder
      .stream(text('in'))
      .repartition({ name: 'chosen', partitioner: chosen })
      .to(text('out'), {
        partitioner: (_topic, _key, word, partitions) =>
          word === 'dropped' ? [] : [partitions - 1],
      })
  },
}

const pass: Processor<string, string, string, string> = {
  process: (record, context) => context.forward(record),
}

const refused: Readonly<Record<string, Declare>> = {
  'names-node-twice': (builder) => {
    const stream = builder.stream(text('in')).mapValues((word) => word, { name: 'same' })
    stream.filter(() => true, { name: 'same' })
  },
  'names-store-twice': (builder) => {
    builder.stream(text('in')).groupByKey().count({ store: 'same' })
    const grouped = builder.stream(text('in')).groupByKey()
    grouped.reduce((a) => a, { store: 'same' })
  },
  'names-repartition-twice': (builder) => {
    const stream = builder.stream(text('in')).selectKey((word) => word, { key })
    stream.groupByKey({ name: 'same' }).count()
    stream.groupByKey({ name: 'same' }).count()
  },
  'names-repartition-of-joins-twice': (builder) => {
    const left = builder.stream(text('in')).selectKey((word) => word, { key })
    const options = {
      windows: JoinWindows.of({ timeDifferenceMs: 10, graceMs: 0 }),
      name: 'same',
      store: 'same',
    }
    left.join(builder.stream(text('in-2')), (a) => a, options)
    left.join(builder.stream(text('in-3')), (a) => a, options)
  },
  'topics-overlap': (builder) => {
    builder.stream([text('in'), text('in-2')])
    builder.stream([text('in-2'), text('in-3')])
  },
  'topics-table-twice': (builder) => {
    builder.table(text('in'), { store: 'rows' })
    builder.table(text('in'), { store: 'more' })
  },
  'topics-reset-differently': (builder) => {
    builder.stream(text('in'), { offsetReset: 'earliest' })
    builder.stream(text('in'), { offsetReset: 'latest' })
  },
  'topics-reset-once': (builder) => {
    builder.stream(text('in'), { offsetReset: 'earliest' })
    builder.stream(text('in'))
  },
  'store-unknown': (builder) => {
    const stores = [{ storeName: 'unknown' }]
    builder.stream(text('in')).process(() => pass, { stores })
  },
}

export const namingTopologies: Readonly<Record<string, Declare>> = { ...named, ...refused }
