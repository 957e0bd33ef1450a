import {
  parseSnapshot,
  StreamsBuilder,
  TimeWindows,
  topologyChanges,
  type BuildOptions,
  type TopologyChange,
  type TopologySnapshot,
} from 'millrace'
import { json, string } from 'millrace/serdes'
import { describe, expect, it } from 'vitest'
import { buildTopology } from '../dsl/golden/build.ts'
import { allTopologies } from '../dsl/golden/all-topologies.ts'
import { counts, text } from '../dsl/golden/topics.ts'

const key = string()
const value = string()

type Declare = (builder: StreamsBuilder) => void

function snapshot(declare: Declare, options: BuildOptions = {}): TopologySnapshot {
  const builder = new StreamsBuilder()
  declare(builder)
  return parseSnapshot(builder.build(options).describe({ format: 'json' }))
}

function orphaning(before: TopologySnapshot, after: TopologySnapshot): TopologyChange[] {
  return topologyChanges(before, after).filter((change) => change.orphansState)
}

const counting: Declare = (builder) => {
  const grouped = builder.stream(text('in')).groupBy((word) => word, { key, name: 'by-word' })
  grouped.count({ store: 'counts' }).toStream().to(counts('out'))
}

const windowed =
  (sizeMs: number, retentionMs: number): Declare =>
  (builder) => {
    const windows = TimeWindows.of({ sizeMs, graceMs: 0 })
    const grouped = builder.stream(text('in')).groupByKey().windowedBy(windows)
    grouped.count({ store: 'counts', retentionMs })
  }

const reducing =
  (store: object, serdes: { key?: typeof key; value?: typeof value } = {}): Declare =>
  (builder) => {
    const grouped = builder.stream(text('in')).groupByKey({ key, value, ...serdes })
    grouped.reduce((a, b) => a + b, { store: { name: 'last', ...store } })
  }

describe('two snapshots that are equal', () => {
  it.each(Object.keys(allTopologies))('have no differences: %s', (name) => {
    let text: string
    try {
      text = buildTopology(name).topology.describe({ format: 'json' })
    } catch {
      return // What Kafka Streams refuses has no snapshot.
    }
    expect(buildTopology(name).topology.describe({ format: 'json' })).toBe(text)
    expect(topologyChanges(parseSnapshot(text), parseSnapshot(text))).toEqual([])
  })
})

interface Refused {
  readonly what: string
  readonly before: TopologySnapshot
  readonly after: TopologySnapshot
  readonly name: string
  readonly says: RegExp
  readonly advises: RegExp
}

const refused: readonly Refused[] = [
  {
    what: 'a renamed store',
    before: snapshot(counting),
    after: snapshot((builder) => {
      builder
        .stream(text('in'))
        .groupBy((word) => word, { key, name: 'by-word' })
        .count({ store: 'totals' })
    }),
    name: 'counts',
    says: /store counts removed: its changelog counts-changelog and its local state stay behind/,
    advises: /if it is now totals, give that the name counts again; .*--allow counts/,
  },
  {
    what: 'a removed store',
    before: snapshot(counting),
    after: snapshot((builder) => {
      const grouped = builder.stream(text('in')).groupBy((word) => word, { key, name: 'by-word' })
      grouped.reduce((a) => a, { store: 'words' })
    }),
    name: 'counts',
    says: /store counts removed/,
    advises: /declare it again; if it is to go, --allow counts/,
  },
  {
    what: 'another kind of store',
    before: snapshot((builder) => {
      builder.stream(text('in')).groupByKey().count({ store: 'counts' })
    }),
    after: snapshot(windowed(10, 10)),
    name: 'counts',
    says: /the kind changes from key-value to window/,
    advises: /another name/,
  },
  {
    what: 'another value serde of a store',
    before: snapshot(reducing({})),
    after: snapshot(reducing({}, { value: json<string>() })),
    name: 'last',
    says: /the value serde changes from string to json/,
    advises: /--allow last if the one reads what the other wrote/,
  },
  {
    what: 'another key serde of a store',
    before: snapshot(reducing({})),
    after: snapshot(reducing({}, { key: json<string>() })),
    name: 'last',
    says: /the key serde changes from string to json/,
    advises: /another name/,
  },
  {
    what: 'another window size',
    before: snapshot(windowed(10, 100)),
    after: snapshot(windowed(20, 100)),
    name: 'counts',
    says: /windowSizeMs changes from 10 to 20/,
    advises: /another name/,
  },
  {
    what: 'another retention',
    before: snapshot(windowed(10, 100)),
    after: snapshot(windowed(10, 50)),
    name: 'counts',
    says: /retentionMs changes from 100 to 50/,
    advises: /another name/,
  },
  {
    what: 'a changelog that is dropped',
    before: snapshot(reducing({})),
    after: snapshot(reducing({ logging: false })),
    name: 'last',
    says: /restored from nothing where it was from the changelog last-changelog/,
    advises: /put back the logging/,
  },
  {
    what: 'a changelog that is begun',
    before: snapshot(reducing({ logging: false })),
    after: snapshot(reducing({})),
    name: 'last',
    says: /restored from the changelog last-changelog where it was from nothing/,
    advises: /--allow last if the changelog last-changelog has all/,
  },
  {
    what: 'an optimization that drops the changelog',
    before: snapshot((builder) => void builder.table(text('in'), { store: 'rows' })),
    after: snapshot((builder) => void builder.table(text('in'), { store: 'rows' }), {
      optimize: 'all',
    }),
    name: 'rows',
    says: /restored from its source topic in where it was from the changelog rows-changelog/,
    advises: /the optimization \(reuse\.ktable\.source\.topics\)/,
  },
  {
    what: 'a store in a sub-topology of another number',
    before: snapshot((builder) => {
      builder.stream(text('in')).groupByKey().count({ store: 'counts' })
    }),
    after: snapshot((builder) => {
      builder.stream(text('new')).to(text('out'))
      builder.stream(text('in')).groupByKey().count({ store: 'counts' })
    }),
    name: 'counts',
    says: /its sub-topology 0 becomes 1, .*restored from its changelog/,
    advises: /declare what is new after what was there/,
  },
  {
    what: 'an unlogged store in a sub-topology of another number',
    before: snapshot(reducing({ logging: false })),
    after: snapshot((builder) => {
      builder.stream(text('new')).to(text('out'))
      reducing({ logging: false })(builder)
    }),
    name: 'last',
    says: /its sub-topology 0 becomes 1, .*no changelog to be restored from/,
    advises: /declare what is new after what was there/,
  },
  {
    what: 'a renamed repartition topic',
    before: snapshot(counting),
    after: snapshot((builder) => {
      const grouped = builder.stream(text('in')).groupBy((word) => word, { key, name: 'worded' })
      grouped.count({ store: 'counts' })
    }),
    name: 'by-word-repartition',
    says: /repartition topic by-word-repartition removed: records in it .* are lost/,
    advises: /if it is now worded-repartition, give its operator the old name/,
  },
  {
    what: 'a removed repartition topic',
    before: snapshot((builder) => {
      builder.stream(text('in')).repartition({ name: 'through' }).to(text('out'))
    }),
    after: snapshot((builder) => builder.stream(text('in')).to(text('out'))),
    name: 'through-repartition',
    says: /repartition topic through-repartition removed/,
    advises: /let the application process all that is in it, then --allow through-repartition/,
  },
  ...[
    { partitions: 4, says: /it has 4 partitions where it had as many partitions as its input/ },
    { key: json<string>(), says: /the key serde changes from string to json: keys lie elsewhere/ },
    {
      value: json<string>(),
      says: /the value serde changes from string to json: .* cannot be read/,
    },
  ].map(({ says, ...options }) => ({
    what: `a repartition topic with other ${Object.keys(options).join()}`,
    before: snapshot((builder) => {
      builder.stream(text('in')).repartition({ name: 'through' }).to(text('out'))
    }),
    after: snapshot((builder) => {
      builder
        .stream(text('in'))
        .repartition({ name: 'through', ...options })
        .to(text('out'))
    }),
    name: 'through-repartition',
    says,
    advises: /another name, or start over/,
  })),
]

describe('what would orphan state is told, with what to do:', () => {
  it.each(refused)('$what', ({ before, after, name, says, advises }) => {
    const changes = orphaning(before, after)
    expect(changes.map((change) => change.name)).toEqual([name])
    expect(changes[0]!.text).toMatch(says)
    expect(changes[0]!.advice).toMatch(advises)
  })

  it('merging repartition topics, of a topology that was built without', () => {
    const declare: Declare = (builder) => {
      const stream = builder.stream(text('in')).selectKey((word) => word, { key })
      stream.groupByKey({ name: 'a' }).count({ store: 'as' })
      stream.groupByKey({ name: 'b' }).count({ store: 'bs' })
    }
    const changes = orphaning(snapshot(declare), snapshot(declare, { optimize: 'all' }))
    expect(changes.map(({ subject, name }) => `${subject} ${name}`)).toEqual([
      'store bs',
      'repartition topic b-repartition',
    ])
  })
})

describe('what orphans nothing is told too:', () => {
  const harmless = (before: Declare, after: Declare): string[] => {
    const changes = topologyChanges(snapshot(before), snapshot(after))
    expect(changes.filter((change) => change.orphansState)).toEqual([])
    return changes.filter(({ subject }) => subject !== 'node').map((change) => change.text)
  }

  it('added stores, topics and nodes', () => {
    const added = harmless(counting, (builder) => {
      counting(builder)
      builder
        .stream(text('more'))
        .groupBy((word) => word, { key, name: 'more' })
        .count({ store: 'm' })
      builder.globalTable(text('global'), { store: 'all' })
    })
    expect(added).toEqual([
      'store m added to sub-topology 3: it begins empty, the past is not in it',
      'repartition topic more-repartition added',
      'source topic more added: it is read from where offsetReset says',
      'global store all added: every worker fills it anew from its topic',
    ])
  })

  it('a source topic without state that is no longer read', () => {
    const through: Declare = (builder) => builder.stream(text('other')).to(text('out'))
    const removed = harmless((builder) => {
      counting(builder)
      through(builder)
    }, counting)
    expect(removed).toEqual([
      'source topic other removed: it is no longer read, and its committed offset expires',
    ])
  })

  it('a global store of another form, which is filled anew', () => {
    const global =
      (name: string): Declare =>
      (builder) => {
        counting(builder)
        builder.globalTable(text(name), { store: 'all' })
      }
    expect(harmless(global('a'), global('b'))).toEqual([
      'global store all changed: every worker fills it anew from its topic',
    ])
  })

  it('the configuration of a topic, which is as it was created', () => {
    const config = (segment: string): Declare =>
      reducing({ logging: { topicConfig: { 'segment.bytes': segment } } })
    expect(harmless(config('1000'), config('2000'))).toEqual([
      'changelog topic last-changelog: segment.bytes from 1000 to 2000; change it on the broker, where the ' +
        'topic is already',
    ])
  })

  it('nodes that were added, changed and removed', () => {
    const before = snapshot((builder) =>
      builder
        .stream(text('in'), { name: 'source' })
        .peek(() => {}, { name: 'a' })
        .to(text('out')),
    )
    const after = snapshot((builder) =>
      builder
        .stream(text('in'), { name: 'source' })
        .peek(() => {}, { name: 'b' })
        .to(text('out')),
    )
    expect(topologyChanges(before, after).map((change) => change.text)).toEqual([
      'node a removed',
      'node b added',
      'node source changed',
    ])
  })
})

describe('a snapshot', () => {
  it.each([
    ['no JSON', 'Topologies:', /It is no JSON/],
    ['another JSON', '[]', /names no format/],
    ['null', 'null', /names no format/],
    ['another format', '{"format": 2}', /format 2 where this version writes 1/],
    ['a part missing', '{"format": 1, "subTopologies": []}', /no list of stores/],
  ])('is refused where it is none: %s', (_, text, says) => {
    expect(() => parseSnapshot(text)).toThrow(says)
  })
})
