import type { KTable, StreamsBuilder } from 'millrace'
import { string } from 'millrace/serdes'
import { gathered } from './gathered.ts'
import { text, type Declare } from './topics.ts'

const key = string()
const value = string()

type Table = KTable<string, string>

function rows(builder: StreamsBuilder, store?: string): Table {
  return builder.table(text('in'), store === undefined ? {} : { store })
}

function isLong(row: string): boolean {
  return row.length > 1
}

function isZ(row: string): boolean {
  return row.startsWith('z')
}

function filterTwice(builder: StreamsBuilder): void {
  const table = rows(builder, 'rows')
  table
    .filter(isLong)
    .filterNot(isZ)
    .mapValues((row) => `${row}!`)
    .toStream()
    .to(text('out'))
  table
    .filter(isLong, { name: 'long' })
    .filterNot(isZ, { name: 'no-z', store: 'no-z' })
    .filter((row) => row !== 'aa')
    .toStream()
    .to(text('out-2'))
}

function mapOfFilter(builder: StreamsBuilder): void {
  const table = rows(builder).filter(isLong)
  const loud = table.mapValues((row) => `${row}!`, { store: 'loud', value })
  gathered(
    loud.filter((row) => !isZ(row)),
    'mixed',
    'out',
  )
  table.toStream().to(text('out-2'))
}

function groupMoves(builder: StreamsBuilder): void {
  rows(builder)
    .groupBy(
      (row) =>
        row.startsWith('x')
          ? { key: null, value: row }
          : { key: row.slice(0, 1), value: row.length === 1 ? null : row.slice(1) },
      { key, value },
    )
    .aggregate(
      () => '0',
      (all, row) => `${all}+${row}`,
      (all, row) => `${all}-${row}`,
      { store: 'sums', value },
    )
    .toStream()
    .to(text('out'))
}

function groupByKey(builder: StreamsBuilder): void {
  rows(builder)
    .groupBy((row, id) => ({ key: id.slice(0, 1), value: row }), { key, value })
    .aggregate(
      () => '',
      (all, row) => all + row,
      (all, row) => all.replace(row, ''),
      { store: 'texts', value },
    )
    .toStream()
    .to(text('out'))
}

function toNull(builder: StreamsBuilder): void {
  const table = rows(builder)
  table
    .groupBy((row) => ({ key: 'all', value: row }), { key, value })
    .reduce(
      (a, b) => (b === 'bb' ? null : a + b),
      (a, b) => (b === 'ab' ? null : `${a}-${b}`),
      { store: 'reduced' },
    )
    .toStream()
    .to(text('out'))
  table
    .groupBy((row) => ({ key: 'all', value: row }), { name: 'again', key, value })
    .aggregate(
      () => '0',
      (all, row) => (row === 'bb' ? null : all + row),
      (all, row) => (row === 'ab' ? null : `${all}-${row}`),
      { store: 'sums', value },
    )
    .toStream()
    .to(text('out-2'))
}

function groupedTwice(builder: StreamsBuilder): void {
  const reduced = rows(builder)
    .groupBy((row) => ({ key: row.slice(0, 1), value: row }), { name: 'by-letter', key, value })
    .reduce(
      (a, b) => a + b,
      (a, b) => `${a}/${b}`,
      { store: 'reduced' },
    )
  gathered(reduced, 'all', 'out')
}

function throughStreams(builder: StreamsBuilder): void {
  const table = rows(builder).toStream().toTable({ store: 'copy' })
  gathered(table, 'copied', 'out')
  const other = table.toStream((_, id) => `${id}2`, { key, value })
  gathered(other.toTable({ name: 'rekeyed', store: 'other' }), 'keys', 'out-2')
}

export const tableChainTopologies: Readonly<Record<string, Declare>> = {
  'table-chain-filter-grouped': (builder) => gathered(rows(builder).filter(isLong), 'long', 'out'),
  'table-chain-filter-stored-grouped': (builder) => {
    gathered(rows(builder).filter(isLong, { store: 'kept' }), 'long', 'out')
  },
  'table-chain-filter-twice': filterTwice,
  'table-chain-map-grouped': (builder) => {
    const loud = rows(builder).mapValues((row) => (row === 'ab' ? null : `${row}!`))
    gathered(loud, 'loud', 'out')
  },
  'table-chain-map-stored-grouped': (builder) => {
    const loud = rows(builder).mapValues((row, id) => (row === 'ab' ? null : id + row), {
      store: 'kept',
      value,
    })
    gathered(loud, 'loud', 'out')
  },
  'table-chain-map-of-filter': mapOfFilter,
  'table-chain-group-moves': groupMoves,
  'table-chain-group-by-key': groupByKey,
  'table-chain-aggregates-to-null': toNull,
  'table-chain-grouped-twice': groupedTwice,
  'table-chain-through-streams': throughStreams,
}
