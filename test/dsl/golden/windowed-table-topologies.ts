import {
  SessionWindows,
  TimeWindows,
  topic,
  type KTable,
  type SessionWindowed,
  type StreamsBuilder,
  type Topic,
  type Windowed,
} from 'millrace'
import { long, sessionWindowed, string, windowed } from 'millrace/serdes'
import { counts, text, type Declare } from './topics.ts'

const key = string()
const value = string()
const count = long({ as: 'number' })
const gather = (all: string, word: string): string => all + word

function hopping(builder: StreamsBuilder, graceMs: number): KTable<Windowed<string>, string> {
  return builder
    .stream(text('in'))
    .groupByKey()
    .windowedBy(TimeWindows.of({ sizeMs: 10, advanceMs: 4, graceMs }))
    .aggregate(() => '', gather, { store: 'all', value })
}

/** Adds up again by key what was counted by window. */
function summedByKey<W extends { readonly key: string }>(counted: KTable<W, number>): void {
  counted
    .groupBy((n, { key: id }) => ({ key: id, value: n }), { key, value: count })
    .reduce(
      (sum, n) => sum + n,
      (sum, n) => sum - n,
      { store: 'sums' },
    )
    .toStream()
    .to(counts('out'))
}

function bySession(builder: StreamsBuilder): KTable<SessionWindowed<string>, string> {
  return builder
    .stream(text('in'))
    .groupByKey()
    .windowedBy(SessionWindows.of({ gapMs: 3, graceMs: 20 }))
    .aggregate(
      () => '',
      gather,
      (one, other) => `${one}|${other}`,
      { store: 'all', value },
    )
}

function windowsOut(): Topic<Windowed<string>, string> {
  return topic('out', { key: windowed(string(), 10), value })
}

function sessionsOut(): Topic<SessionWindowed<string>, string> {
  return topic('out', { key: sessionWindowed(string()), value })
}

export const windowedTableTopologies: Readonly<Record<string, Declare>> = {
  'windows-hopping-random': (builder) => {
    hopping(builder, 5).toStream().to(windowsOut())
  },
  'windows-filtered': (builder) => {
    hopping(builder, 100)
      .filter((all, { startMs }) => all.length < 7 && startMs > 3)
      .mapValues((all) => `${all}!`)
      .toStream()
      .to(windowsOut())
  },
  'windows-joined': (builder) => {
    const table = hopping(builder, 100)
    table
      .toStream()
      .join(
        table.mapValues((all) => `${all}!`),
        (one, other) => `${one}=${other}`,
      )
      .to(windowsOut())
  },
  'sessions-filtered': (builder) => {
    bySession(builder)
      .filter((all) => all.length < 4)
      .mapValues((all) => `${all}!`)
      .toStream()
      .to(sessionsOut())
  },
  'sessions-joined': (builder) => {
    const table = bySession(builder)
    table
      .toStream()
      .leftJoin(
        table.mapValues((all) => `${all}!`),
        (one, other) => `${one}=${other}`,
      )
      .to(sessionsOut())
  },
  'windows-grouped-again': (builder) => {
    const words = builder.stream(text('in')).groupByKey()
    summedByKey(
      words.windowedBy(TimeWindows.of({ sizeMs: 10, graceMs: 5 })).count({ store: 'counts' }),
    )
  },
  'sessions-grouped-again': (builder) => {
    const words = builder.stream(text('in')).groupByKey()
    summedByKey(
      words.windowedBy(SessionWindows.of({ gapMs: 3, graceMs: 20 })).count({ store: 'counts' }),
    )
  },
}
