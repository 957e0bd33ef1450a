import { JoinWindows, TimeWindows, topics, type KStream, type StreamsBuilder } from 'millrace'
import { string } from 'millrace/serdes'
import { counts, text, type Declare } from './topics.ts'

const key = string()
const value = string()
const numbered = /in-\d+/

function stream(builder: StreamsBuilder, pattern: RegExp, name?: string): KStream<string, string> {
  return builder.stream(topics(pattern, { key, value }), name === undefined ? {} : { name })
}

function joins(builder: StreamsBuilder): void {
  const all = stream(builder, numbered)
  all.join(builder.table(text('table'), { store: 'rows' }), (a, b) => a + b).to(text('out'))
  all
    .join(all, (a, b) => a + b, { windows: JoinWindows.of({ timeDifferenceMs: 3, graceMs: 0 }) })
    .to(text('out-2'))
  const keyed = all.selectKey((word) => word[0]!, { key })
  keyed.groupByKey({ name: 'counted' }).count({ store: 'counts' }).toStream().to(counts('out-3'))
  keyed
    .groupByKey({ name: 'reduced' })
    .reduce((a, b) => a + b)
    .toStream()
    .to(text('out-4'))
}

/** The topologies of the oracle's `PatternCases`. */
export const patternTopologies: Readonly<Record<string, Declare>> = {
  pattern: (builder) =>
    stream(builder, numbered)
      .mapValues((word) => `${word}!`, { value })
      .to(text('out')),
  'pattern-named': (builder) => stream(builder, numbered, 'numbered').to(text('out')),
  'pattern-any-case': (builder) => stream(builder, /IN-[0-9]+/i).to(text('out')),
  'pattern-alternatives': (builder) => stream(builder, /in-1|in-22|in-333/).to(text('out')),
  'pattern-twice': (builder) => {
    stream(builder, numbered)
      .filter((_word, id) => id !== null)
      .to(text('out'))
    stream(builder, /in-\d+/)
      .mapValues((word) => `${word}?`, { value })
      .to(text('out-2'))
  },
  'pattern-count': (builder) =>
    stream(builder, numbered).groupByKey().count({ store: 'counts' }).toStream().to(counts('out')),
  'pattern-rekeyed': (builder) =>
    stream(builder, numbered)
      .groupBy((word) => word[0]!, { key, name: 'by-letter' })
      .reduce((a, b) => a + b, { store: 'reduced' })
      .toStream()
      .to(text('out')),
  'pattern-windowed': (builder) =>
    stream(builder, numbered)
      .groupByKey()
      .windowedBy(TimeWindows.of({ sizeMs: 5, graceMs: 2 }))
      .count({ store: 'windowed' })
      .toStream()
      .map((count, windowed) => ({ key: windowed.key, value: count }))
      .to(counts('out')),
  'pattern-merge': (builder) =>
    stream(builder, numbered)
      .merge(builder.stream(text('other')))
      .merge(stream(builder, /more-.*/))
      .to(text('out')),
  'pattern-repartition': (builder) => stream(builder, numbered).repartition().to(text('out')),
  'pattern-to-table': (builder) =>
    stream(builder, numbered).toTable({ store: 'latest' }).toStream().to(text('out')),
  'pattern-joins': joins,
  'pattern-joins-optimized': joins,
  'pattern-beside-global': (builder) => {
    builder.globalTable(text('in-7'), { store: 'rows' })
    stream(builder, numbered).to(text('out'))
  },
  'pattern-of-a-topic': (builder) => {
    builder.stream(text('in-1')).to(text('out'))
    stream(builder, numbered).to(text('out'))
  },
  'pattern-then-topic': (builder) => {
    stream(builder, numbered).to(text('out'))
    builder.stream(text('in-1')).to(text('out'))
  },
  'pattern-then-table': (builder) => {
    stream(builder, numbered).to(text('out'))
    builder.table(text('in-1')).toStream().to(text('out'))
  },
  'pattern-then-global': (builder) => {
    stream(builder, numbered).to(text('out'))
    builder.globalTable(text('in-1'))
  },
  'pattern-of-own-repartition': (builder) =>
    stream(builder, /.*/)
      .groupBy((word) => word, { key, name: 'by-value' })
      .count()
      .toStream()
      .to(counts('out')),
  'pattern-reset-differently': (builder) => {
    const all = topics(numbered, { key, value })
    builder.stream(all, { offsetReset: 'earliest' }).to(text('out'))
    builder.stream(all, { offsetReset: 'latest' }).to(text('out'))
  },
}
