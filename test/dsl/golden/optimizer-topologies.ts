import { TimeWindows, topic, type KStream, type Processor, type StreamsBuilder } from 'millrace'
import { long, string, windowed } from 'millrace/serdes'
import { counts, text, type Declare } from './topics.ts'

const key = string()
const value = string()

function letter(word: string | null): string {
  return word === null ? '?' : word.slice(0, 1)
}

/** As Java's string concatenation does it. */
function concat(a: string | null, b: string | null): string {
  return `${a}${b}`
}

function keyed(builder: StreamsBuilder, from = 'in'): KStream<string, string> {
  return builder.stream(text(from)).selectKey(letter, { key })
}

function lettered(word: string): { key: string; value: string } {
  return { key: letter(word), value: word }
}

const questioned: Processor<string, string, string, string> = {
  process: (record, context) => context.forward(record.withValue(`${record.value}?`)),
}

function repartitions(builder: StreamsBuilder): void {
  const mapped = builder
    .stream(text('in'), { name: 'source' })
    .map(lettered, { key, value, name: 'by-letter' })
  mapped
    .filter((_, id) => id === 'b', { name: 'only-b' })
    .mapValues((word) => `${word}!`, { name: 'loud', value })
    .to(text('out-b'))
  mapped
    .groupByKey({ name: 'counted' })
    .count({ name: 'count', store: 'counts' })
    .toStream({ name: 'counts-out' })
    .to(counts('out'))
  mapped
    .groupByKey({ name: 'collected' })
    .aggregate(
      () => '',
      (all, word) => all + word,
      { name: 'collect', store: 'all', value },
    )
    .toStream({ name: 'all-out' })
    .to(text('out-all'))
  mapped
    .filter(() => true, { name: 'reduce-filter' })
    .peek(() => {}, { name: 'reduce-peek' })
    .groupByKey({ name: 'reduced' })
    .reduce((a, b) => `${a}:${b}`, { name: 'reduce', store: 'joined' })
    .toStream({ name: 'joined-out' })
    .to(text('out-joined'))
}

function unnamed(builder: StreamsBuilder): void {
  const mapped = keyed(builder)
  mapped
    .filterNot((_, id) => id === '?')
    .groupByKey()
    .count()
    .toStream()
    .to(counts('out'))
  mapped.groupByKey().reduce(concat).toStream().to(text('out-2'))
  mapped.toTable().toStream().to(text('out-3'))
  mapped.to(text('out-4'))
}

function ofTwoStreams(builder: StreamsBuilder): void {
  const one = keyed(builder)
  const two = keyed(builder, 'in-2')
  one.groupByKey({ name: 'one' }).count()
  two.groupByKey({ name: 'two' }).count().toStream().to(counts('out-2'))
  one.groupByKey().reduce(concat).toStream().to(text('out'))
  two.groupByKey().reduce(concat).toStream().to(text('out-3'))
}

function behindMerge(builder: StreamsBuilder): void {
  const one = builder.stream(text('in')).map(lettered, { key, value, name: 'mapped-a' })
  const two = builder.stream(text('in-2')).map(lettered, { key, value, name: 'mapped-b' })
  const merged = one.merge(two, { name: 'merged' })
  merged
    .groupByKey({ name: 'long' })
    .count({ name: 'long-count', store: 'longs' })
    .toStream({ name: 'long-stream' })
    .to(counts('out'))
  merged
    .groupByKey({ name: 'text' })
    .count({ name: 'text-count', store: 'texts' })
    .toStream({ name: 'text-stream' })
    .mapValues((count) => String(count), { name: 'text-values' })
    .to(text('out-2'))
}

function behindOneSidedMerge(builder: StreamsBuilder): void {
  const one = keyed(builder)
  one
    .merge(
      builder.stream(text('in-2')).filter(() => true),
      { key, value },
    )
    .filter((_, id) => id !== null)
    .groupByKey()
    .reduce(concat)
    .toStream()
    .to(text('out'))
}

function ofOtherValues(builder: StreamsBuilder): void {
  const mapped = keyed(builder)
  mapped
    .mapValues((word) => `${word}!`, { value })
    .groupByKey()
    .count()
    .toStream()
    .to(counts('out'))
  mapped
    .flatMapValues((word) => [`${word}`, `${word}2`], { value })
    .groupByKey()
    .windowedBy(TimeWindows.of({ sizeMs: 5, graceMs: 0 }))
    .count()
    .toStream()
    .to(topic('out-2', { key: windowed(string(), 5), value: long({ as: 'number' }) }))
  mapped
    .processValues(() => questioned, { value })
    .groupByKey()
    .count()
    .toStream()
    .to(counts('out-3'))
}

function askedFor(builder: StreamsBuilder): void {
  const mapped = keyed(builder)
  mapped.repartition().groupByKey().count().toStream().to(counts('out'))
  mapped.repartition().groupByKey().reduce(concat).toStream().to(text('out-2'))
}

function nested(builder: StreamsBuilder): void {
  const mapped = keyed(builder)
  mapped
    .groupByKey({ name: 'count-repartition' })
    .count({ store: 'counts' })
    .toStream()
    .to(counts('out'))
  mapped
    .groupByKey({ name: 'windowed-repartition' })
    .windowedBy(TimeWindows.of({ sizeMs: 5, graceMs: 0 }))
    .count({ store: 'windowed' })
    .toStream()
    .map((count, window) => ({ key: window.key, value: count }))
    .to(counts('out-2'))
}

function forJoins(builder: StreamsBuilder): void {
  const table = builder.table(text('table'), { store: 'rows' })
  const stream = keyed(builder)
  stream.join(table, concat).to(text('out'))
  stream.leftJoin(table, concat, { name: 'left' }).to(text('out-2'))
  stream.groupByKey().count().toStream().to(counts('out-3'))
}

function mergesOfOneChange(builder: StreamsBuilder): void {
  const stream = keyed(builder)
  stream
    .mapValues((word) => `${word}1`)
    .merge(stream.mapValues((word) => `${word}2`))
    .merge(stream.mapValues((word) => `${word}3`))
    .to(text('out'))
}

function processGrouped(builder: StreamsBuilder): void {
  builder
    .stream(text('in'))
    .map(lettered, { key, value })
    .processValues(() => questioned, { value })
    .groupByKey()
    .reduce(concat)
    .toStream()
    .to(text('out'))
}

function sourceTables(builder: StreamsBuilder): void {
  const stored = builder.table(text('table'), { store: 'rows' })
  const joined = builder.table(text('in-2'))
  stored.toStream().to(text('out'))
  stored
    .groupBy((word, id) => ({ key: word, value: id }), { key, value, name: 'by-value' })
    .count({ store: 'counts' })
    .toStream()
    .to(counts('out-2'))
  builder.stream(text('in')).leftJoin(joined, concat).to(text('out-3'))
  builder.table(text('in-3')).toStream().to(text('out-4'))
}

/** Each is built twice, as declared and optimized; the oracle's settings say which. */
const twice: Readonly<Record<string, Declare>> = {
  repartitions,
  'repartitions-unnamed': unnamed,
  'repartitions-of-two-streams': ofTwoStreams,
  'repartitions-behind-merge': behindMerge,
  'repartitions-behind-one-sided-merge': behindOneSidedMerge,
  'repartitions-of-other-values': ofOtherValues,
  'repartitions-asked-for': askedFor,
  'repartitions-nested': nested,
  'repartitions-for-joins': forJoins,
  'merges-of-one-change': mergesOfOneChange,
  'process-grouped': processGrouped,
  'source-tables': sourceTables,
}

export const optimizerTopologies: Readonly<Record<string, Declare>> = {
  ...twice,
  ...Object.fromEntries(
    Object.entries(twice).map(([name, declare]) => [`${name}-optimized`, declare]),
  ),
  'repartitions-only-reuse': repartitions,
  'repartitions-only-merge': repartitions,
}
