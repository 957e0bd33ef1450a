import { topic, UnlimitedWindows } from 'millrace'
import { long, string, windowed } from 'millrace/serdes'
import { text, type Declare } from './topics.ts'

const value = string()

export const unlimitedTopologies: Readonly<Record<string, Declare>> = {
  unlimited: (builder) => {
    builder
      .stream(text('in'))
      .groupByKey()
      .windowedBy(UnlimitedWindows.of({ startMs: 5 }))
      .aggregate(
        () => '',
        (all, word) => all + word,
        { store: 'all', value },
      )
      .toStream()
      .to(topic('out', { key: windowed(string(), 1), value }))
  },
  'unlimited-count': (builder) => {
    builder
      .stream(text('in'))
      .groupByKey()
      .windowedBy(UnlimitedWindows.of())
      .count({ store: 'counts' })
      .toStream()
      .to(topic('out', { key: windowed(string(), 1), value: long({ as: 'number' }) }))
  },
  'unlimited-emit-on-close': (builder) => {
    builder
      .stream(text('in'))
      .groupByKey()
      .windowedBy(UnlimitedWindows.of())
      .count({ emit: 'window-close' })
  },
}
