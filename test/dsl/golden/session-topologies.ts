import {
  SessionWindows,
  topic,
  type SessionWindowed,
  type StreamsBuilder,
  type Topic,
} from 'millrace'
import { long, sessionWindowed, string, type Serde } from 'millrace/serdes'
import { text, type Declare } from './topics.ts'

const key = string()
const value = string()

function gap(gapMs: number, graceMs: number): SessionWindows {
  return SessionWindows.of({ gapMs, graceMs })
}

function out<V>(serde: Serde<V>): Topic<SessionWindowed<string>, V> {
  return topic('out', { key: sessionWindowed(string()), value: serde })
}

/** Gathers values by sessions. */
function gather(gapMs: number, graceMs: number): Declare {
  return (builder) => {
    builder
      .stream(text('in'))
      .groupByKey()
      .windowedBy(gap(gapMs, graceMs))
      .aggregate(
        () => '',
        (all, word) => all + word,
        (one, other) => `${one}|${other}`,
        { store: 'all', value },
      )
      .toStream()
      .to(out(string()))
  }
}

function unnamed(builder: StreamsBuilder): void {
  const grouped = builder.stream(text('in')).groupBy((word) => word, { key })
  grouped.windowedBy(gap(10, 0)).count()
  grouped.windowedBy(gap(10, 0)).reduce((a, b) => a + b)
  grouped.windowedBy(gap(10, 0)).aggregate(
    () => '',
    (all) => all,
    (one) => one,
    { name: 'named', value },
  )
}

export const sessionTopologies: Readonly<Record<string, Declare>> = {
  'session-within-gap': gather(10, 50),
  'session-merge': gather(10, 100),
  'session-same-time': gather(10, 50),
  'session-late-no-grace': gather(10, 0),
  'session-late-with-grace': gather(10, 5),
  'session-random': gather(3, 20),
  'session-random-late': gather(2, 3),
  'session-count': (builder) => {
    builder
      .stream(text('in'))
      .groupByKey()
      .windowedBy(gap(4, 10))
      .count({ store: 'counts' })
      .toStream()
      .to(out(long({ as: 'number' })))
  },
  'session-reduce': (builder) => {
    builder
      .stream(text('in'))
      .groupByKey()
      .windowedBy(gap(10, 50))
      .reduce((one, other) => (one === 'x' ? null : one + other), {
        name: 'reduced',
        store: 'joined',
      })
      .toStream()
      .to(out(string()))
  },
  'session-aggregate-null': (builder) => {
    builder
      .stream(text('in'))
      .groupByKey()
      .windowedBy(gap(10, 50))
      .aggregate(
        () => '',
        (all, word) => (word === 'x' ? null : all + word),
        (one, other) => one + other,
        { store: 'all', value },
      )
      .toStream()
      .to(out(string()))
  },
  'session-unnamed': unnamed,
}
