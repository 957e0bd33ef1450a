import type { StreamsBuilder } from 'millrace'
import { string } from 'millrace/serdes'
import { counts, text, type Declare } from './topics.ts'

const key = string()
const value = string()

function firstLetter(word: string): { key: string; value: string } {
  return { key: word.slice(0, 1), value: word }
}

function filters(builder: StreamsBuilder): void {
  const table = builder.table(text('in'))
  table
    .filter((word) => word.length > 1)
    .toStream()
    .to(text('out'))
  table
    .filterNot((word) => word.length > 1)
    .mapValues((word) => `${word}!`)
    .toStream()
    .to(text('out-2'))
}

function filterOfStored(builder: StreamsBuilder): void {
  const table = builder.table(text('in'), { store: 'rows' })
  table
    .filter((word) => word.length > 1)
    .toStream()
    .to(text('out'))
  table
    .mapValues((word, id) => id + word)
    .toStream()
    .to(text('out-2'))
}

function filterStored(builder: StreamsBuilder): void {
  builder
    .table(text('in'))
    .filter((word) => word.length > 1, { name: 'long-ones', store: 'long' })
    .mapValues((word) => `${word}!`, { store: 'loud', value })
    .filterNot((word) => word.startsWith('z'))
    .toStream()
    .to(text('out'))
}

function groupAggregate(builder: StreamsBuilder): void {
  builder
    .table(text('in'), { store: 'rows' })
    .groupBy((word) => ({ key: word === 'zz' ? null : 'all', value: word }), {
      name: 'everything',
      key,
      value,
    })
    .aggregate(
      () => '0',
      (all, word) => `${all}+${word}`,
      (all, word) => `${all}-${word}`,
      { name: 'sum', store: 'sums', value },
    )
    .toStream()
    .to(text('out'))
}

function groupUnnamed(builder: StreamsBuilder): void {
  const grouped = builder
    .table(text('in'))
    .filter(() => true)
    .groupBy((word, id) => ({ key: word, value: id }), { key, value })
  grouped.count()
  grouped.reduce(
    (a) => a,
    (a) => a,
  )
  grouped.aggregate(
    () => '',
    (all) => all,
    (all) => all,
    { value },
  )
}

function groupNamedTwice(builder: StreamsBuilder): void {
  const grouped = builder
    .table(text('in'))
    .groupBy((word, id) => ({ key: word, value: id }), { name: 'by-value', key, value })
  grouped.count()
  grouped.reduce(
    (a) => a,
    (a) => a,
    { store: 'reduced' },
  )
}

function aggregatedGrouped(builder: StreamsBuilder): void {
  builder
    .stream(text('in'))
    .groupByKey()
    .aggregate(
      () => 'i',
      (all, word) => all + word,
      { store: 'all', value },
    )
    .groupBy((all) => ({ key: 'all', value: all }), { key, value })
    .aggregate(
      () => '0',
      (all, word) => `${all}+${word}`,
      (all, word) => `${all}-${word}`,
      { store: 'sums', value },
    )
    .toStream()
    .to(text('out'))
}

function toTableUnnamed(builder: StreamsBuilder): void {
  builder.stream(text('in')).toTable().toStream().to(text('out'))
  builder
    .stream(text('in-2'))
    .selectKey((word) => word, { key })
    .toTable()
    .filter(() => true)
    .toStream()
    .to(text('out-2'))
  builder
    .stream(text('in-3'))
    .selectKey((word) => word, { key })
    .toTable({ name: 'rows', store: 'kept' })
}

export const tableTopologies: Readonly<Record<string, Declare>> = {
  table: (builder) => builder.table(text('in')).toStream().to(text('out')),
  'table-stored': (builder) => {
    builder.table(text('in'), { store: 'rows' }).toStream().to(text('out'))
  },
  'table-named': (builder) => {
    builder.table(text('in'), { name: 'rows' }).toStream({ name: 'updates' }).to(text('out'))
  },
  'table-filter': filters,
  'table-filter-of-stored': filterOfStored,
  'table-filter-stored': filterStored,
  'table-group-count': (builder) => {
    const grouped = builder.table(text('in')).groupBy(firstLetter, { key, value })
    grouped.count({ store: 'counts' }).toStream().to(counts('out'))
  },
  'table-group-reduce': (builder) => {
    builder
      .table(text('in'))
      .groupBy(firstLetter, { key, value })
      .reduce(
        (a, b) => `${a}+${b}`,
        (a, b) => `${a}-${b}`,
        { store: 'reduced' },
      )
      .toStream()
      .to(text('out'))
  },
  'table-group-aggregate': groupAggregate,
  'table-group-unnamed': groupUnnamed,
  'table-group-named-twice': groupNamedTwice,
  'aggregated-table-grouped': aggregatedGrouped,
  'to-table': (builder) => {
    builder.stream(text('in')).toTable({ store: 'rows' }).toStream().to(text('out'))
  },
  'to-table-unnamed': toTableUnnamed,
}
