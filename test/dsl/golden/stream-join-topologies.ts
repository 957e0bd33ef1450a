import { JoinWindows, type KStream, type StreamJoinedOptions, type StreamsBuilder } from 'millrace'
import { string } from 'millrace/serdes'
import { text, type Declare } from './topics.ts'

type Kind = 'inner' | 'left' | 'outer'
type Texts = KStream<string, string>
type Options = Partial<StreamJoinedOptions<string, string, string>>

const kinds = ['inner', 'left', 'outer'] as const
const key = string()
const value = string()

function left(builder: StreamsBuilder): Texts {
  return builder.stream(text('left'))
}

function right(builder: StreamsBuilder): Texts {
  return builder.stream(text('right'))
}

function within(timeDifferenceMs: number, graceMs: number): JoinWindows {
  return JoinWindows.of({ timeDifferenceMs, graceMs })
}

function between(beforeMs: number, afterMs: number, graceMs: number): JoinWindows {
  return JoinWindows.of({ beforeMs, afterMs, graceMs })
}

function join(
  kind: Kind,
  one: Texts,
  other: Texts,
  windows: JoinWindows,
  given: Options = {},
): Texts {
  // The oracle has Kafka Streams look with each record for windows that have closed.
  const options = { emitIntervalMs: 0, ...given, windows }
  const joiner = (a: string | null, b: string | null, id: string): string => `${id}:${a}+${b}`
  if (kind === 'inner') return one.join(other, joiner, options)
  return kind === 'left'
    ? one.leftJoin(other, joiner, options)
    : one.outerJoin(other, joiner, options)
}

const someWindows = [
  between(10, 10, 0),
  between(10, 10, 5),
  between(0, 12, 0),
  between(12, 0, 3),
  between(-3, 12, 0),
  between(12, -3, 2),
  between(0, 0, 1),
  between(0, 0, 4),
  between(5, 20, 40),
]

function windows(builder: StreamsBuilder, kind: Kind): void {
  const one = left(builder)
  const other = right(builder)
  for (const [i, each] of someWindows.entries()) {
    join(kind, one, other, each).to(text(`out-${i}`))
  }
}

function scenarios(builder: StreamsBuilder, kind: Kind): void {
  const one = left(builder)
  const other = right(builder)
  join(kind, one, other, within(100, 10)).to(text('out-0'))
  join(kind, one, other, between(100, 0, 0)).to(text('out-1'))
  join(kind, one, other, between(5, 20, 0)).to(text('out-2'))
}

function rekeyed(builder: StreamsBuilder, kind: Kind): void {
  // A left join takes records without a key, though their type does not say so.
  const none = null as unknown as string
  const one = left(builder).selectKey(
    (each: string | null, id) => (each === null || each.startsWith('a1') ? none : id),
    { key },
  )
  const other = right(builder).selectKey((_, id: string | null) => id ?? 'k1', { key })
  join(kind, one, other, within(10, 0)).to(text('out'))
}

function named(builder: StreamsBuilder, kind: Kind): void {
  const one = left(builder)
  const other = right(builder)
  const out = text('out')
  const byValue = (stream: Texts): Texts => stream.selectKey((each) => each, { key })
  join(kind, one, other, within(10, 0), { name: 'nodes' }).to(out)
  join(kind, one, other, within(10, 0), { store: 'kept' }).to(out)
  join(kind, one, other, within(10, 0), { name: 'both', store: 'both-kept' }).to(out)
  join(kind, byValue(one), byValue(other), within(10, 0), { name: 'rekeyed' }).to(out)
  join(kind, byValue(one), other, within(10, 0), { store: { logging: false } }).to(out)
  const logging = { topicConfig: { 'segment.ms': '9' } }
  join(kind, one, byValue(other), within(10, 0), { store: { logging } }).to(out)
}

function three(builder: StreamsBuilder): void {
  const other = right(builder)
  const pairs = join('left', left(builder), other, within(10, 5))
  join('outer', pairs, other, within(20, 0), { value }).to(text('out'))
  const marked = pairs.mapValues((each) => `${each}!`, { value })
  join('inner', other, marked, within(11, 0)).to(text('out-2'))
}

function self(builder: StreamsBuilder): void {
  const one = left(builder)
  for (const [i, each] of someWindows.entries()) {
    join('inner', one, one, each).to(text(`out-${i}`))
  }
  join('left', one, one, between(-2, 9, 1)).to(text('out-left'))
  join('outer', one, one, between(-2, 9, 1)).to(text('out-outer'))
}

function repartitionedOnce(builder: StreamsBuilder): void {
  const one = left(builder).map((each, id) => ({ key: each, value: id }), { key, value })
  join('inner', one, right(builder), within(10, 0)).to(text('out'))
  join('outer', one, builder.stream(text('third')), within(10, 0)).to(text('out-2'))
  join('left', one, one, within(10, 0)).to(text('out-3'))
}

function stores(builder: StreamsBuilder): void {
  const one = left(builder)
  const other = right(builder)
  const memory = (name: string) => ({ name, engine: 'memory' as const })
  join('outer', one, other, within(10, 3), {
    thisStore: memory('lefts'),
    otherStore: memory('rights'),
  }).to(text('out-0'))
  join('left', one, other, within(10, 0), { store: 'base', otherStore: memory('others') }).to(
    text('out-1'),
  )
  join('inner', one, other, within(10, 0), { thisStore: memory('mine') }).to(text('out-2'))
}

function ofKind(kind: Kind): Readonly<Record<string, Declare>> {
  const name = `stream-join-${kind}`
  return {
    [name]: (builder) => join(kind, left(builder), right(builder), within(10, 5)).to(text('out')),
    [`${name}-rekeyed`]: (builder) => rekeyed(builder, kind),
    [`${name}-named`]: (builder) => named(builder, kind),
    [`${name}-windows`]: (builder) => windows(builder, kind),
    [`${name}-far-apart`]: (builder) => windows(builder, kind),
    [`${name}-scenarios`]: (builder) => scenarios(builder, kind),
    [`${name}-headers`]: (builder) =>
      join(kind, left(builder), right(builder), within(10, 2)).to(text('out')),
  }
}

function throttled(kind: Kind, each: JoinWindows): Declare {
  return (builder) => {
    const options = { emitIntervalMs: 1000 }
    join(kind, left(builder), right(builder), each, options).to(text('out'))
  }
}

export const streamJoinTopologies: Readonly<Record<string, Declare>> = {
  ...Object.assign({}, ...kinds.map(ofKind)),
  'stream-join-left-throttled': throttled('left', within(10, 0)),
  'stream-join-outer-throttled': throttled('outer', within(10, 0)),
  'stream-join-outer-throttled-at-once': throttled('outer', between(0, 0, 0)),
  'stream-join-three': three,
  'stream-join-self': self,
  'stream-join-repartitioned-once': repartitionedOnce,
  'stream-join-stores': stores,
  'stream-join-same-store-twice': (builder) => {
    const same = { thisStore: 'same', otherStore: 'same' }
    join('inner', left(builder), right(builder), within(10, 0), same)
  },
  'stream-join-short-retention': (builder) => {
    const short = (name: string) => ({ name, retentionMs: 20 })
    const both = { thisStore: short('a'), otherStore: short('b') }
    join('inner', left(builder), right(builder), within(10, 5), both)
  },
  'stream-join-no-window': (builder) =>
    join('inner', left(builder), right(builder), between(3, -4, 0)).to(text('out')),
}
