import { JoinWindows, type StreamsBuilder } from 'millrace'
import { long, string } from 'millrace/serdes'
import { counts, text, type Declare } from './topics.ts'

const key = string()
const value = string()
const within = JoinWindows.of({ timeDifferenceMs: 4, graceMs: 3 })

function pair(a: string, b: string): string {
  return `${a}-${b}`
}

function unnamed(builder: StreamsBuilder): void {
  const stream = builder.stream(text('in'))
  stream.filter((word) => word !== null).to(text('out-3'))
  stream.join(builder.stream(text('in')), pair, { windows: within }).to(text('out'))
  builder
    .stream(text('in'))
    .join(builder.stream(text('in')), pair, { windows: within })
    .to(text('out-2'))
}

function threeWays(builder: StreamsBuilder): void {
  const serdes = { key, value, otherValue: value }
  const stream = builder.stream(text('in'))
  stream
    .join(builder.stream(text('in')), pair, { windows: within })
    .join(builder.stream(text('in-2')), pair, { windows: within, ...serdes })
    .to(text('out'))
  stream
    .join(builder.stream(text('in')), pair, { windows: within })
    .join(stream, pair, { windows: within, ...serdes })
    .to(text('out-2'))
}

function notOfItself(builder: StreamsBuilder): void {
  const stream = builder.stream(text('in'))
  stream
    .filter(() => true)
    .join(stream, pair, { windows: within })
    .to(text('out'))
  stream
    .mapValues((word) => word, { value })
    .join(stream, pair, { windows: within })
    .to(text('out-2'))
  stream.join(builder.stream(text('in-2')), pair, { windows: within }).to(text('out-3'))
}

function rekeyed(builder: StreamsBuilder): void {
  const keyed = builder
    .stream(text('in'))
    .selectKey((word: string | null) => (word === null ? '?' : word.slice(0, 1)), { key })
  keyed.join(keyed, pair, { windows: within, name: 'named', store: 'named' }).to(text('out'))
  keyed.join(keyed, pair, { windows: within }).to(text('out-2'))
}

function asymmetric(builder: StreamsBuilder): void {
  const stream = builder.stream(text('in'))
  const after = JoinWindows.of({ beforeMs: 2, afterMs: 5, graceMs: 3 })
  const before = JoinWindows.of({ beforeMs: 6, afterMs: 0, graceMs: 4 })
  stream.join(stream, pair, { windows: after, name: 'after', store: 'after' }).to(text('out'))
  stream.join(stream, pair, { windows: before, name: 'before', store: 'before' }).to(text('out-2'))
}

function andRepartitions(builder: StreamsBuilder): void {
  const mapped = builder
    .stream(text('in'), { name: 'source' })
    .map((word: string | null) => ({ key: word === null ? '?' : word.slice(0, 1), value: word! }), {
      key,
      value,
      name: 'by-letter',
    })
  const counted = mapped
    .groupByKey({ name: 'counted' })
    .count({ name: 'count', store: 'counts' })
    .toStream({ name: 'counts-out' })
  counted.to(counts('out'))
  mapped
    .filter((_, id) => id === 'a', { name: 'join-filter' })
    .join(counted, (a, b) => `${a}:${b}`, {
      windows: JoinWindows.of({ timeDifferenceMs: 5000, graceMs: 0 }),
      key,
      value,
      otherValue: long({ as: 'number' }),
      name: 'join',
      store: 'join-store',
    })
    .to(text('out-joined'))
}

/** Each is built twice, as declared and optimized; the oracle's settings say which. */
const twice: Readonly<Record<string, Declare>> = {
  'self-join': (builder) => {
    const stream = builder.stream(text('in'))
    const options = { windows: within, name: 'joined', store: 'joined' }
    stream.join(stream, pair, options).to(text('out'))
  },
  'self-join-unnamed': unnamed,
  'self-join-merged': (builder) => {
    const merged = builder.stream(text('in')).merge(builder.stream(text('in-2')), { key, value })
    merged.join(merged, pair, { windows: within }).to(text('out'))
  },
  'self-join-three-ways': threeWays,
  'self-join-not': notOfItself,
  'self-join-rekeyed': rekeyed,
  'self-join-asymmetric': asymmetric,
  'repartitions-and-stream-join': andRepartitions,
}

export const selfJoinTopologies: Readonly<Record<string, Declare>> = {
  ...twice,
  ...Object.fromEntries(
    Object.entries(twice).map(([name, declare]) => [`${name}-optimized`, declare]),
  ),
  'self-join-only-others': unnamed,
  'self-join-only': unnamed,
}
