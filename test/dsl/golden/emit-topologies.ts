import { SessionWindows, SlidingWindows, TimeWindows, topic } from 'millrace'
import { long, sessionWindowed, string, windowed } from 'millrace/serdes'
import { text, type Declare } from './topics.ts'

const value = string()

/** As the oracle runs them: closed windows are looked for with each record. */
const whenClosed = { emit: 'window-close', emitIntervalMs: 0, store: 'all', value } as const

function gatherWindows(
  windows: TimeWindows | SlidingWindows,
  sizeMs: number,
  emitIntervalMs: number,
): Declare {
  return (builder) => {
    builder
      .stream(text('in'))
      .groupByKey()
      .windowedBy(windows)
      .aggregate(
        () => '',
        (all, word) => all + word,
        { ...whenClosed, emitIntervalMs, retentionMs: 1000 },
      )
      .toStream()
      .to(topic('out', { key: windowed(string(), sizeMs), value }))
  }
}

function hopping(sizeMs: number, advanceMs: number, graceMs: number, intervalMs = 0): Declare {
  return gatherWindows(TimeWindows.of({ sizeMs, advanceMs, graceMs }), sizeMs, intervalMs)
}

function sliding(timeDifferenceMs: number, graceMs: number, intervalMs = 0): Declare {
  const windows = SlidingWindows.of({ timeDifferenceMs, graceMs })
  return gatherWindows(windows, timeDifferenceMs, intervalMs)
}

function session(gapMs: number, graceMs: number, emitIntervalMs = 0): Declare {
  return (builder) => {
    builder
      .stream(text('in'))
      .groupByKey()
      .windowedBy(SessionWindows.of({ gapMs, graceMs }))
      .aggregate(
        () => '',
        (all, word) => all + word,
        (one, other) => `${one}|${other}`,
        { ...whenClosed, emitIntervalMs, retentionMs: 1000 },
      )
      .toStream()
      .to(topic('out', { key: sessionWindowed(string()), value }))
  }
}

export const emitTopologies: Readonly<Record<string, Declare>> = {
  'emit-tumbling': hopping(10, 10, 0),
  'emit-tumbling-grace': hopping(10, 10, 5),
  'emit-hopping': hopping(10, 4, 2),
  'emit-sliding': sliding(10, 0),
  'emit-sliding-grace': sliding(10, 5),
  'emit-session': session(5, 0),
  'emit-session-grace': session(5, 4),
  'emit-hopping-random': hopping(6, 2, 4),
  'emit-sliding-random': sliding(6, 4),
  'emit-session-random': session(2, 3),
  'emit-tumbling-interval': hopping(10, 10, 0, 1000),
  'emit-sliding-interval': sliding(10, 0, 1000),
  'emit-session-interval': session(5, 0, 1000),
  'emit-tumbling-kept-shortly': (builder) => {
    builder
      .stream(text('in'))
      .groupByKey()
      .windowedBy(TimeWindows.of({ sizeMs: 10, graceMs: 5 }))
      .count({ emit: 'window-close', emitIntervalMs: 0, store: 'counts' })
      .toStream()
      .to(topic('out', { key: windowed(string(), 10), value: long({ as: 'number' }) }))
  },
}
