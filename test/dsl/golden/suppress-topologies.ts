import {
  SessionWindows,
  SlidingWindows,
  TimeWindows,
  topic,
  type KTable,
  type SessionWindowed,
  type SessionWindowedKStream,
  type StreamsBuilder,
  type SuppressUntilTimeLimit,
  type Windowed,
} from 'millrace'
import { long, sessionWindowed, string, windowed, type Serde } from 'millrace/serdes'
import { counts, text, type Declare } from './topics.ts'

const key = string()
const value = string()

function limited(options: Omit<SuppressUntilTimeLimit, 'name'>): Declare {
  return (builder) => {
    countsByValue(builder).suppress(options).toStream().to(counts('out'))
  }
}

function countsByValue(builder: StreamsBuilder): KTable<string, number> {
  return builder
    .table(text('in'))
    .groupBy((word, id) => ({ key: word, value: id }), { key, value, name: 'by-value' })
    .count({ store: 'counts' })
}

function windowedCounts(
  builder: StreamsBuilder,
  windows: TimeWindows,
): KTable<Windowed<string>, number> {
  return builder.stream(text('in')).groupByKey().windowedBy(windows).count({ store: 'counts' })
}

function windowedTexts(builder: StreamsBuilder): KTable<Windowed<string>, string> {
  return builder
    .stream(text('in'))
    .groupByKey()
    .windowedBy(TimeWindows.of({ sizeMs: 3, graceMs: 1 }))
    .aggregate(
      () => '',
      (all, word) => (word === 'b' ? null : all + word),
      { store: 'all', value },
    )
}

function toWindowed<V>(table: KTable<Windowed<string>, V>, serde: Serde<V>, sizeMs: number): void {
  table.toStream().to(topic('out', { key: windowed(string(), sizeMs), value: serde }))
}

function twice(builder: StreamsBuilder): void {
  const once = builder.table(text('in')).suppress({ until: { timeLimitMs: 2 } })
  once.toStream().to(text('out'))
  once
    .suppress({ until: { timeLimitMs: 4 }, buffer: { maxRecords: 2, whenFull: 'emit' } })
    .toStream()
    .to(text('out-2'))
}

function thenGroup(builder: StreamsBuilder): void {
  builder
    .table(text('in'))
    .suppress({ until: { timeLimitMs: 10 } })
    .groupBy((word, id) => ({ key: id, value: word }), { key, value, name: 'again' })
    .count({ store: 'counts' })
    .toStream()
    .to(counts('out'))
}

function thenJoin(builder: StreamsBuilder): void {
  const table = builder.table(text('table')).suppress({ until: { timeLimitMs: 10 } })
  builder
    .stream(text('in'))
    .leftJoin(table, (a, b) => `${a}${b}`)
    .to(text('out'))
  table.toStream().to(text('out-2'))
}

const forever = { timeLimitMs: Number.MAX_SAFE_INTEGER }

const untilTimeLimit: Readonly<Record<string, Declare>> = {
  'suppress-no-time': limited({ until: { timeLimitMs: 0 } }),
  'suppress-time-limit': limited({ until: { timeLimitMs: 2 }, buffer: 'unbounded' }),
  'suppress-max-records': limited({ until: forever, buffer: { maxRecords: 1, whenFull: 'emit' } }),
  'suppress-max-bytes': limited({
    until: { timeLimitMs: 1000 },
    buffer: { maxBytes: 150, whenFull: 'emit' },
  }),
  'suppress-both-bounds': limited({
    until: { timeLimitMs: 3 },
    buffer: { maxRecords: 2, maxBytes: 160, whenFull: 'emit' },
  }),
  'suppress-no-records': limited({
    until: { timeLimitMs: 1000 },
    buffer: { maxRecords: 0, whenFull: 'emit' },
  }),
  'suppress-named': (builder) => {
    countsByValue(builder)
      .suppress({ until: { timeLimitMs: 3 }, name: 'calm' })
      .toStream({ name: 'updates' })
      .to(counts('out'))
  },
  'suppress-rows': (builder) => {
    const table = builder.table(text('in')).suppress({ until: { timeLimitMs: 3 } })
    table.toStream().to(text('out'))
  },
  'suppress-rows-bytes': (builder) => {
    builder
      .table(text('in'), { store: 'rows' })
      .suppress({ until: { timeLimitMs: 100 }, buffer: { maxBytes: 110, whenFull: 'emit' } })
      .toStream()
      .to(text('out'))
  },
  'suppress-derived': (builder) => {
    builder
      .table(text('in'))
      .filter((word) => word.length > 1)
      .suppress({ until: { timeLimitMs: 2 } })
      .mapValues((word) => `${word}!`)
      .toStream()
      .to(text('out'))
  },
  'suppress-twice': twice,
  'suppress-then-group': thenGroup,
  'suppress-then-join': thenJoin,
}

const untilWindowCloses: Readonly<Record<string, Declare>> = {
  'suppress-final': (builder) => {
    const table = windowedCounts(builder, TimeWindows.of({ sizeMs: 2, graceMs: 1 }))
    toWindowed(table.suppress({ until: 'window-closes' }), long({ as: 'number' }), 2)
  },
  'suppress-final-no-grace': (builder) => {
    const buffer = { maxRecords: 100, whenFull: 'fail' } as const
    const table = windowedCounts(builder, TimeWindows.of({ sizeMs: 5, graceMs: 0 }))
    toWindowed(table.suppress({ until: 'window-closes', buffer }), long({ as: 'number' }), 5)
  },
  'suppress-final-hopping': (builder) => {
    const windows = TimeWindows.of({ sizeMs: 5, graceMs: 2, advanceMs: 2 })
    const table = windowedCounts(builder, windows)
    const final = table.suppress({ until: 'window-closes', name: 'final' })
    toWindowed(final, long({ as: 'number' }), 5)
  },
  'suppress-final-derived': (builder) => {
    const table = windowedCounts(builder, TimeWindows.of({ sizeMs: 3, graceMs: 1 }))
      .filter((count) => count !== 2)
      .mapValues((count) => `n${count}`, { value })
    toWindowed(table.suppress({ until: 'window-closes' }), value, 3)
  },
  'suppress-final-deleted': (builder) => {
    toWindowed(windowedTexts(builder).suppress({ until: 'window-closes' }), value, 3)
  },
  'suppress-windows-time-limit': (builder) => {
    toWindowed(windowedTexts(builder).suppress({ until: { timeLimitMs: 2 } }), value, 3)
  },
  'suppress-final-rekeyed': (builder) => {
    const table = builder
      .stream(text('in'))
      .groupBy((word) => word, { key, name: 'by-value' })
      .windowedBy(TimeWindows.of({ sizeMs: 4, graceMs: 0 }))
      .count()
    toWindowed(table.suppress({ until: 'window-closes' }), long({ as: 'number' }), 4)
  },
}

function toSessions<V>(table: KTable<SessionWindowed<string>, V>, serde: Serde<V>): void {
  table.toStream().to(topic('out', { key: sessionWindowed(string()), value: serde }))
}

function sessions(
  builder: StreamsBuilder,
  gapMs: number,
  graceMs: number,
): SessionWindowedKStream<string, string> {
  const grouped = builder.stream(text('in')).groupByKey()
  return grouped.windowedBy(SessionWindows.of({ gapMs, graceMs }))
}

const otherWindows: Readonly<Record<string, Declare>> = {
  'suppress-final-session': (builder) => {
    const table = sessions(builder, 5, 0).count({ store: 'counts' })
    toSessions(table.suppress({ until: 'window-closes' }), long({ as: 'number' }))
  },
  'suppress-final-session-grace': (builder) => {
    const table = sessions(builder, 6, 7).reduce((a, b) => a + b, { store: 'joined' })
    toSessions(table.suppress({ until: 'window-closes', name: 'final' }), value)
  },
  'suppress-sessions-time-limit': (builder) => {
    const buffer = { maxRecords: 3, whenFull: 'emit' } as const
    const table = sessions(builder, 6, 7).count({ store: 'counts' })
    toSessions(table.suppress({ until: { timeLimitMs: 4 }, buffer }), long({ as: 'number' }))
  },
  'suppress-final-sliding': (builder) => {
    const windows = SlidingWindows.of({ timeDifferenceMs: 5, graceMs: 12 })
    const table = builder.stream(text('in')).groupByKey().windowedBy(windows)
    const counted = table.count({ store: 'counts' })
    toWindowed(counted.suppress({ until: 'window-closes' }), long({ as: 'number' }), 5)
  },
  'suppress-final-cogrouped': (builder) => {
    const table = builder
      .stream(text('in'))
      .groupByKey()
      .cogroup((all: string, word) => all + word)
      .cogroup(builder.stream(text('in-2')).groupByKey(), (all, word) => `${all}-${word}`)
      .windowedBy(TimeWindows.of({ sizeMs: 20, graceMs: 4 }))
      .aggregate(() => '', { name: 'together', store: 'all', value })
    toWindowed(table.suppress({ until: 'window-closes' }), value, 20)
  },
}

const refused: Readonly<Record<string, Declare>> = {
  'suppress-final-not-windowed': (builder) => {
    // As one may who does not use the types.
    builder.table(text('in')).suppress({ until: 'window-closes' } as never)
  },
  'suppress-final-merged': (builder) => {
    const serdes = { key: windowed(string(), 5), value: long({ as: 'number' }) }
    windowedCounts(builder, TimeWindows.of({ sizeMs: 5, graceMs: 0 }))
      .toStream()
      .filter((count) => count !== null)
      .merge(builder.stream(topic('in-2', serdes)))
      .toTable(serdes)
      .suppress({ until: 'window-closes' })
  },
}

export const suppressTopologies: Readonly<Record<string, Declare>> = {
  ...untilTimeLimit,
  ...untilWindowCloses,
  ...otherWindows,
  ...refused,
}
