import { SessionWindows, StreamsBuilder, TimeWindows, topic, type Topology } from 'millrace'
import { integer, long, sessionWindowed, string, windowed } from 'millrace/serdes'
import type { Scenario } from './scenario.ts'

const clicks = topic('clicks', { key: string(), value: integer() })
const perWindow = topic('per-window', {
  key: windowed(string(), 100),
  value: long({ as: 'number' }),
})
const perSession = topic('per-session', { key: sessionWindowed(string()), value: integer() })
const final = topic('final', { key: windowed(string(), 100), value: long({ as: 'number' }) })

/** Nothing is late: what that hangs on is a task's own stream time, which is not the one of a recomputation. */
const graceMs = 100_000

function build(): Topology {
  const builder = new StreamsBuilder()
  const byKey = builder.stream(clicks).groupByKey()
  const counted = byKey
    .windowedBy(TimeWindows.of({ sizeMs: 100, graceMs }))
    .count({ store: 'per-window' })
  counted.toStream().to(perWindow)
  counted.suppress({ until: 'window-closes', name: 'final' }).toStream().to(final)
  byKey
    .windowedBy(SessionWindows.of({ gapMs: 40, graceMs }))
    .reduce((one, other) => one + other, { store: 'per-session' })
    .toStream()
    .to(perSession)
  return builder.build()
}

export const windows: Scenario = {
  name: 'counts by window and session, and final results',
  build,
  stores: ['per-window', 'per-session'],
  partitions: 2,
  input(add, random) {
    for (let i = 40 + random.below(50); i > 0; i--) {
      const timestampMs = random.below(1_000)
      add(clicks, { key: `k${random.below(6)}`, value: 1 + random.below(9), timestampMs })
    }
    // Closes all windows before it, in each partition.
    for (const partition of [0, 1]) {
      add(clicks, { key: `end-${partition}`, value: 1, partition, timestampMs: 1_000_000 })
    }
  },
}
