import { SlidingWindows, topic, type StreamsBuilder, type Topic, type Windowed } from 'millrace'
import { long, string, windowed, type Serde } from 'millrace/serdes'
import { text, type Declare } from './topics.ts'

const key = string()
const value = string()

function sliding(timeDifferenceMs: number, graceMs: number): SlidingWindows {
  return SlidingWindows.of({ timeDifferenceMs, graceMs })
}

function out<V>(sizeMs: number, serde: Serde<V>): Topic<Windowed<string>, V> {
  return topic('out', { key: windowed(string(), sizeMs), value: serde })
}

/** Gathers values by sliding windows, in the order in which they came. */
function gather(timeDifferenceMs: number, graceMs: number): Declare {
  return (builder) => {
    builder
      .stream(text('in'))
      .groupByKey()
      .windowedBy(sliding(timeDifferenceMs, graceMs))
      .aggregate(
        () => '',
        (all, word) => all + word,
        { store: 'all', value },
      )
      .toStream()
      .to(out(timeDifferenceMs, string()))
  }
}

function unnamed(builder: StreamsBuilder): void {
  const grouped = builder.stream(text('in')).groupBy((word) => word, { key, name: 'by-value' })
  grouped.windowedBy(sliding(10, 0)).count()
  grouped.windowedBy(sliding(10, 0)).reduce((a, b) => a + b)
  grouped.windowedBy(sliding(10, 0)).aggregate(
    () => '',
    (all) => all,
    { name: 'named', value },
  )
}

export const slidingTopologies: Readonly<Record<string, Declare>> = {
  'sliding-in-order': gather(10, 50),
  'sliding-out-of-order': gather(10, 50),
  'sliding-same-time': gather(5, 5),
  'sliding-early': gather(10, 50),
  'sliding-early-repeated': gather(5, 5),
  'sliding-early-no-grace': gather(10, 0),
  'sliding-late': gather(10, 4),
  'sliding-no-grace': gather(10, 0),
  'sliding-random': gather(10, 30),
  'sliding-random-late': gather(10, 3),
  'sliding-random-close': gather(2, 4),
  'sliding-reduce': (builder) => {
    builder
      .stream(text('in'))
      .groupByKey()
      .windowedBy(sliding(10, 5))
      .reduce((a, b) => (a === 'x' ? null : a + b), { name: 'reduced', store: 'joined' })
      .toStream()
      .to(out(10, string()))
  },
  'sliding-count': (builder) => {
    builder
      .stream(text('in'))
      .groupByKey()
      .windowedBy(sliding(10, 20))
      .count({ store: 'counts' })
      .toStream()
      .to(out(10, long({ as: 'number' })))
  },
  'sliding-unnamed': unnamed,
}
