import type { KTable, StreamsBuilder, TableJoinOptions } from 'millrace'
import { TimeWindows } from 'millrace'
import { string, windowed } from 'millrace/serdes'
import { counts, text, type Declare } from './topics.ts'

const key = string()
const value = string()
const types = ['inner', 'left', 'outer'] as const

export type JoinType = (typeof types)[number]
type Table = KTable<string, string>

function both(a: string | null, b: string | null): string {
  return `${a}-${b}`
}

export function joinAs(
  type: JoinType,
  a: Table,
  b: Table,
  options?: TableJoinOptions<string, string>,
): Table {
  if (type === 'inner') return a.join(b, both, options)
  return type === 'left' ? a.leftJoin(b, both, options) : a.outerJoin(b, both, options)
}

function first(builder: StreamsBuilder, store?: string): Table {
  return builder.table(text('in'), store === undefined ? {} : { store })
}

function second(builder: StreamsBuilder, store?: string): Table {
  return builder.table(text('in-2'), store === undefined ? {} : { store })
}

function sum(table: Table, name: string): void {
  table
    .groupBy((row) => ({ key: 'all', value: row }), { name, key, value })
    .aggregate(
      () => '0',
      (all, row) => `${all}+${row}`,
      (all, row) => `${all}-(${row})`,
      { store: `${name}-sums`, value },
    )
    .toStream()
    .to(text('out'))
}

function derived(builder: StreamsBuilder, type: JoinType): void {
  const left = first(builder).filter((row) => row !== 'B')
  const right = second(builder).mapValues((row) => row + row)
  joinAs(type, left, right).toStream().to(text('out'))
  const primed = left.mapValues((row) => `${row}'`, { store: 'primed', value })
  joinAs(type, primed, right).toStream().to(text('out-2'))
}

function filtered(builder: StreamsBuilder, type: JoinType): void {
  const joined = joinAs(type, first(builder), second(builder), { value })
  joined
    .filter((row) => !row.includes('B'))
    .toStream()
    .to(text('out'))
  joined
    .mapValues((row) => `${row}!`, { store: 'loud', value })
    .toStream()
    .to(text('out-2'))
}

function aggregated(builder: StreamsBuilder, type: JoinType): void {
  const left = builder
    .stream(text('in'))
    .groupByKey()
    .reduce((a, b) => a + b, { store: 'left' })
  const right = second(builder)
    .groupBy((row, id) => ({ key: id, value: row }), { key, value })
    .reduce(
      (a, b) => a + b,
      (a, b) => `${a}/${b}`,
      { store: 'right' },
    )
  joinAs(type, left, right).toStream().to(text('out'))
}

function suppressed(builder: StreamsBuilder, type: JoinType): void {
  const left = first(builder).suppress({ until: { timeLimitMs: 4 } })
  joinAs(type, left, second(builder)).toStream().to(text('out'))
}

function ofType(type: JoinType): Record<string, Declare> {
  const joined: Record<string, Declare> = {
    '': (builder) => joinAs(type, first(builder), second(builder)).toStream().to(text('out')),
    '-stored': (builder) => {
      joinAs(type, first(builder), second(builder), { store: 'joined', value })
        .toStream()
        .to(text('out'))
    },
    '-named': (builder) => {
      joinAs(type, first(builder), second(builder), { name: 'joined' }).toStream().to(text('out'))
    },
    '-named-stored': (builder) => {
      const options = { name: 'joined', store: 'held', value }
      joinAs(type, first(builder, 'left'), second(builder, 'right'), options)
        .toStream()
        .to(text('out'))
    },
    '-old-values': (builder) => sum(joinAs(type, first(builder), second(builder)), 'summed'),
    '-stored-old-values': (builder) => {
      sum(joinAs(type, first(builder), second(builder), { store: 'joined', value }), 'summed')
    },
    '-derived': (builder) => derived(builder, type),
    '-filtered': (builder) => filtered(builder, type),
    '-self': (builder) => {
      const table = first(builder)
      joinAs(type, table, table).toStream().to(text('out'))
    },
    '-aggregated': (builder) => aggregated(builder, type),
    '-suppressed': (builder) => suppressed(builder, type),
  }
  for (const then of types) {
    joined[`-${then}`] = (builder) => {
      const right = second(builder)
      joinAs(then, joinAs(type, first(builder), right), right)
        .toStream()
        .to(text('out'))
    }
    joined[`-in-${then}`] = (builder) => {
      const third = builder.table(text('in-3'))
      joinAs(then, third, joinAs(type, first(builder), second(builder)))
        .toStream()
        .to(text('out'))
    }
  }
  return Object.fromEntries(
    Object.entries(joined).map(([name, declare]) => [`tables-${type}${name}`, declare]),
  )
}

function toNull(builder: StreamsBuilder): void {
  const left = first(builder)
  const right = second(builder)
  const picky = (a: string | null, b: string | null): string | null =>
    a === 'B' || b === 'c' ? null : `${a}-${b}`
  left.outerJoin(right, picky, { store: 'joined', value }).toStream().to(text('out'))
  sum(left.leftJoin(right, picky), 'summed')
}

function ofStreams(builder: StreamsBuilder): void {
  const left = builder.stream(text('in')).toTable()
  const right = builder
    .stream(text('in-2'))
    .selectKey((_, id) => id, { key })
    .toTable({ name: 'second' })
  left.join(right, both).toStream().to(text('out'))
}

function byWindow(builder: StreamsBuilder): void {
  const windows = TimeWindows.of({ sizeMs: 5, graceMs: 100 })
  const reduced = (topic: string, store: string): KTable<never, string> =>
    builder
      .stream(text(topic))
      .groupByKey()
      .windowedBy(windows)
      .reduce((a, b) => a + b, { store }) as unknown as KTable<never, string>
  reduced('in', 'left')
    .outerJoin(reduced('in-2', 'right'), both)
    .toStream()
    .to({ name: 'out', key: windowed(key, 5), value })
}

function rekeyed(builder: StreamsBuilder): void {
  const joined = first(builder).join(second(builder), both)
  joined.toStream((row, id) => `${id}${row}`, { key, value }).to(text('out'))
  joined
    .toStream(() => 'n', { name: 'again', key, value })
    .groupByKey()
    .count({ store: 'counts' })
    .toStream()
    .to(counts('out-2'))
}

export const tableTableJoinTopologies: Readonly<Record<string, Declare>> = {
  ...Object.assign({}, ...types.map(ofType)),
  'tables-joined-to-null': toNull,
  'tables-of-streams': ofStreams,
  'tables-windowed': byWindow,
  'tables-rekeyed': rekeyed,
  'tables-cached': (builder) => {
    first(builder, 'left')
      .leftJoin(second(builder), both, { store: 'joined', value })
      .toStream()
      .to(text('out'))
  },
  'tables-optimized': (builder) => {
    first(builder).join(second(builder), both).toStream().to(text('out'))
  },
}
