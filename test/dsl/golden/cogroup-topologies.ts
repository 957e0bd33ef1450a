import {
  SessionWindows,
  SlidingWindows,
  TimeWindows,
  topic,
  type CogroupedKStream,
  type KGroupedStream,
  type StreamsBuilder,
} from 'millrace'
import { long, sessionWindowed, string, windowed } from 'millrace/serdes'
import { counts, text, type Declare } from './topics.ts'

const key = string()
const value = string()

const a = (all: string, word: string): string => `${all}a${word}`
const b = (all: string, word: string): string => `${all}b${word}`

function grouped(builder: StreamsBuilder, name: string): KGroupedStream<string, string> {
  return builder.stream(text(name)).groupByKey()
}

/** The stream of a topic under its values as keys. */
function rekeyed(builder: StreamsBuilder, name: string): KGroupedStream<string, string> {
  return builder
    .stream(text(name))
    .selectKey((word) => word, { key })
    .groupByKey()
}

function two(builder: StreamsBuilder): CogroupedKStream<string, string> {
  return grouped(builder, 'in').cogroup(a).cogroup(grouped(builder, 'in-2'), b)
}

function types(builder: StreamsBuilder): void {
  const numbers = (name: string): KGroupedStream<string, number> =>
    builder.stream(counts(name)).groupByKey()
  grouped(builder, 'in')
    .cogroup<number>((sum, word) => (word === 'none' ? null : sum + word.length))
    .cogroup(numbers('in-2'), (sum, number) => sum + number)
    .cogroup(numbers('in-3'), (sum, number) => sum * number)
    .aggregate(() => 100, { store: 'sums', value: long({ as: 'number' }) })
    .toStream()
    .to(counts('out'))
}

function reused(builder: StreamsBuilder): void {
  const one = rekeyed(builder, 'in')
  const other = grouped(builder, 'in-2')
  for (const out of ['out', 'out-2']) {
    one
      .cogroup(a)
      .cogroup(other, b)
      .aggregate(() => '', { value })
      .toStream()
      .to(text(out))
  }
}

function reusedByOthers(builder: StreamsBuilder): void {
  const one = rekeyed(builder, 'in')
  for (const name of ['in-3', 'in-2']) {
    one
      .cogroup(a)
      .cogroup(grouped(builder, name), b)
      .aggregate(() => '', { value })
  }
}

function twice(builder: StreamsBuilder): void {
  const one = builder
    .stream(text('in'))
    .selectKey((word) => word, { key })
    .groupByKey({ name: 'foo' })
    .cogroup(a)
  one.aggregate(() => '', { value })
  one.aggregate(() => '', { value })
}

function windowedUnnamed(builder: StreamsBuilder): void {
  const both = rekeyed(builder, 'in').cogroup(a).cogroup(grouped(builder, 'in-2'), b)
  both.windowedBy(TimeWindows.of({ sizeMs: 10, graceMs: 0 })).aggregate(() => '', { value })
  both
    .windowedBy(SlidingWindows.of({ timeDifferenceMs: 10, graceMs: 0 }))
    .aggregate(() => '', { value })
  both.windowedBy(SessionWindows.of({ gapMs: 10, graceMs: 0 })).aggregate(
    () => '',
    (one, other) => one + other,
    { name: 'named', value },
  )
}

export const cogroupTopologies: Readonly<Record<string, Declare>> = {
  cogroup: (builder) => {
    const table = two(builder).aggregate(() => '', { store: 'together', value })
    table.toStream().to(text('out'))
  },
  'cogroup-one': (builder) => {
    const table = grouped(builder, 'in')
      .cogroup(a)
      .aggregate(() => '', { store: 'together', value })
    table.toStream().to(text('out'))
  },
  'cogroup-unnamed': (builder) => {
    const table = two(builder).aggregate(() => '', { value })
    table.toStream().to(text('out'))
  },
  'cogroup-named': (builder) => {
    const table = two(builder).aggregate(() => '', { name: 'shop', store: 'together', value })
    table.toStream({ name: 'updates' }).to(text('out'))
  },
  'cogroup-types': types,
  'cogroup-repartition': (builder) => {
    builder
      .stream(text('in'))
      .selectKey((word) => word, { key })
      .groupByKey({ name: 'by-value' })
      .cogroup(a)
      .cogroup(grouped(builder, 'in-2'), b)
      .aggregate(() => '', { store: 'together', value })
      .toStream()
      .to(text('out'))
  },
  'cogroup-repartition-unnamed': (builder) => {
    rekeyed(builder, 'in')
      .cogroup(a)
      .cogroup(grouped(builder, 'in-2'), b)
      .aggregate(() => '', { value })
      .toStream()
      .to(text('out'))
  },
  'cogroup-repartition-both': (builder) => {
    rekeyed(builder, 'in')
      .cogroup(a)
      .cogroup(
        builder.stream(text('in-2')).groupBy((word) => word, { key, name: 'other' }),
        b,
      )
      .aggregate(() => '', { store: 'together', value })
      .toStream()
      .to(text('out'))
  },
  'cogroup-repartition-clash': (builder) => {
    rekeyed(builder, 'in')
      .cogroup(a)
      .cogroup(rekeyed(builder, 'in-2'), b)
      .aggregate(() => '', { store: 'together', value })
  },
  'cogroup-reused': reused,
  'cogroup-reused-by-others': reusedByOthers,
  'cogroup-and-aggregate': (builder) => {
    const one = rekeyed(builder, 'in')
    one
      .cogroup(a)
      .cogroup(grouped(builder, 'in-2'), b)
      .aggregate(() => '', { value })
    one.aggregate(() => '', a, { value })
  },
  'cogroup-twice': twice,
  'cogroup-windowed': (builder) => {
    two(builder)
      .windowedBy(TimeWindows.of({ sizeMs: 10, graceMs: 2 }))
      .aggregate(() => '', { store: 'together', value })
      .toStream()
      .to(topic('out', { key: windowed(string(), 10), value: string() }))
  },
  'cogroup-sliding': (builder) => {
    two(builder)
      .windowedBy(SlidingWindows.of({ timeDifferenceMs: 5, graceMs: 3 }))
      .aggregate(() => '', { name: 'slide', store: 'together', value })
      .toStream()
      .to(topic('out', { key: windowed(string(), 5), value: string() }))
  },
  'cogroup-session': (builder) => {
    two(builder)
      .windowedBy(SessionWindows.of({ gapMs: 5, graceMs: 3 }))
      .aggregate(
        () => '',
        (one, other) => one + other,
        { store: 'together', value },
      )
      .toStream()
      .to(topic('out', { key: sessionWindowed(string()), value: string() }))
  },
  'cogroup-windowed-unnamed': windowedUnnamed,
}
