import type { KTable, StoreOption, StreamsBuilder } from 'millrace'
import { string } from 'millrace/serdes'
import { gathered } from './gathered.ts'
import { joinAs, type JoinType } from './table-table-join-topologies.ts'
import { counts, text, type Declare } from './topics.ts'

const key = string()
const value = string()

type Table = KTable<string, string>

export function versioned(name: string, historyRetentionMs: number = 1000): StoreOption {
  return { name, versioned: { historyRetentionMs } }
}

function rows(builder: StreamsBuilder): Table {
  return builder.table(text('in'), { store: versioned('rows') })
}

function left(builder: StreamsBuilder): Table {
  return builder.table(text('in'), { store: versioned('left') })
}

function right(builder: StreamsBuilder): Table {
  return builder.table(text('in-2'), { store: versioned('right') })
}

function joins(type: JoinType): Record<string, Declare> {
  const stored = { store: 'joined', value }
  const joined: Record<string, Declare> = {
    both: (builder) => {
      joinAs(type, left(builder), right(builder), stored).toStream().to(text('out'))
    },
    left: (builder) => {
      joinAs(type, left(builder), builder.table(text('in-2')), stored)
        .toStream()
        .to(text('out'))
    },
    right: (builder) => {
      joinAs(type, builder.table(text('in')), right(builder), stored)
        .toStream()
        .to(text('out'))
    },
    result: (builder) => {
      const store = versioned('joined')
      joinAs(type, left(builder), builder.table(text('in-2')), { store, value })
        .toStream()
        .to(text('out'))
    },
    derived: (builder) => {
      const first = left(builder).filter((row) => row !== 'B')
      const second = right(builder).mapValues((row) => `${row}'`, { value })
      joinAs(type, first, second).toStream().to(text('out'))
      const kept = second.filter(() => true, { store: 'kept' })
      joinAs(type, first, kept).toStream().to(text('out-2'))
    },
    'joined-again': (builder) => {
      const second = right(builder)
      joinAs(type, joinAs(type, left(builder), second), second)
        .toStream()
        .to(text('out'))
    },
  }
  return Object.fromEntries(
    Object.entries(joined).map(([name, declare]) => [`versioned-${name}-${type}`, declare]),
  )
}

function shortHistory(builder: StreamsBuilder): void {
  const table = builder.table(text('in'), { store: versioned('KTABLE-rows', 4) })
  table.toStream().to(text('out'))
  table
    .mapValues((row) => `${row}!`, { store: versioned('KTABLE-loud', 2), value })
    .toStream()
    .to(text('out-2'))
}

function filtered(builder: StreamsBuilder): void {
  const table = rows(builder)
  table
    .filter((row) => row.length > 1)
    .toStream()
    .to(text('out'))
  table
    .filterNot((row) => row.length > 1, { store: 'short' })
    .toStream()
    .to(text('out-2'))
}

function intoVersioned(builder: StreamsBuilder): void {
  const table = builder.table(text('in'), { store: 'rows' })
  table
    .filter((row) => row.length > 1, { store: versioned('long') })
    .toStream()
    .to(text('out'))
  const loud = table.mapValues((row) => `${row}!`, { store: versioned('loud'), value })
  loud.toStream().to(text('out-2'))
  loud
    .filter((row) => row.length > 2)
    .toStream()
    .to(text('out-3'))
}

function mapped(builder: StreamsBuilder): void {
  const table = rows(builder)
  table
    .mapValues((row) => `${row}!`)
    .toStream()
    .to(text('out'))
  table
    .mapValues((row) => (row === 'zz' ? null : row), { store: 'no-zz', value })
    .toStream()
    .to(text('out-2'))
}

function grouped(builder: StreamsBuilder): void {
  const table = rows(builder)
  table
    .groupBy((row) => ({ key: row.slice(0, 1), value: row }), { name: 'by-letter', key, value })
    .count({ name: 'counted', store: 'counts' })
    .toStream()
    .to(counts('out'))
  gathered(table, 'summed', 'out-summed')
}

function groupedDerived(builder: StreamsBuilder): void {
  const table = rows(builder).mapValues((row) => `${row}.`, { value })
  gathered(table, 'inherited', 'out-inherited')
  gathered(
    table.filter(() => true, { store: 'kept' }),
    'held',
    'out-held',
  )
}

function aggregates(builder: StreamsBuilder): void {
  builder
    .stream(text('in'))
    .groupByKey()
    .count({ store: versioned('counts') })
    .toStream()
    .to(counts('out'))
  builder
    .stream(text('in-2'))
    .groupByKey()
    .aggregate(
      () => '',
      (all, row) => (row === 'aa' ? null : all + row),
      { store: versioned('all'), value },
    )
    .toStream()
    .to(text('out-2'))
}

function tableAggregates(builder: StreamsBuilder): void {
  builder
    .table(text('in'))
    .groupBy((row) => ({ key: row.slice(0, 1), value: row }), { key, value })
    .aggregate(
      () => '',
      (all, row) => `${all}+${row}`,
      (all, row) => (row === 'b' ? null : `${all}-${row}`),
      { store: versioned('sums'), value },
    )
    .toStream()
    .to(text('out'))
}

function toTable(builder: StreamsBuilder): void {
  builder
    .stream(text('in'))
    .toTable({ store: versioned('rows') })
    .filter((row) => row.length > 1)
    .toStream()
    .to(text('out'))
}

export const versionedTableTopologies: Readonly<Record<string, Declare>> = {
  ...joins('inner'),
  ...joins('left'),
  ...joins('outer'),
  'versioned-table': (builder) => rows(builder).toStream().to(text('out')),
  'versioned-short-history': shortHistory,
  'versioned-filtered': filtered,
  'versioned-filtered-into-versioned': intoVersioned,
  'versioned-mapped': mapped,
  'versioned-grouped': grouped,
  'versioned-grouped-derived': groupedDerived,
  'versioned-aggregates': aggregates,
  'versioned-table-aggregates': tableAggregates,
  'versioned-to-table': toTable,
  'versioned-suppressed': (builder) => {
    rows(builder).suppress({ until: { timeLimitMs: 4 } })
  },
  'versioned-inherited-suppressed': (builder) => {
    rows(builder)
      .mapValues((row) => row, { value })
      .suppress({ until: { timeLimitMs: 4 } })
  },
  'versioned-held-suppressed': (builder) => {
    rows(builder)
      .mapValues((row) => row, { store: 'held', value })
      .suppress({ until: { timeLimitMs: 4 } })
      .toStream()
      .to(text('out'))
  },
  'versioned-global': (builder) => {
    builder.globalTable(text('in'), { store: versioned('rows') })
  },
}
