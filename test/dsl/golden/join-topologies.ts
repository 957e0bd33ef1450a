import type { StreamsBuilder } from 'millrace'
import { string } from 'millrace/serdes'
import { text, type Declare } from './topics.ts'

const key = string()

/** As Java's string concatenation does it. */
function concat(a: string, b: string | null): string {
  return `${a}${b}`
}

function named(builder: StreamsBuilder): void {
  const table = builder.table(text('table'), { name: 'rows' })
  const stream = builder.stream(text('in'))
  stream.join(table, (a) => a, { name: 'joined' }).to(text('out'))
  stream
    .selectKey((value) => value, { key })
    .leftJoin(table, (a) => a, { name: 'left-joined' })
    .to(text('out-2'))
}

function twice(builder: StreamsBuilder): void {
  const table = builder.table(text('table'))
  const stream = builder.stream(text('in')).selectKey((value) => value, { key })
  stream.join(table, (a) => a).to(text('out'))
  stream.join(builder.table(text('table-2')), (a) => a).to(text('out-2'))
  stream.leftJoin(table, (a) => a, { name: 'other' }).to(text('out-3'))
}

function aggregated(builder: StreamsBuilder): void {
  const counts = builder
    .stream(text('in-2'))
    .groupBy((value, id) => (value === 'k' ? value : id), { key })
    .count({ store: 'counts' })
  builder
    .stream(text('in'))
    .join(counts, (value, count) => `${value}${count}`)
    .to(text('out'))
}

function derived(builder: StreamsBuilder): void {
  const stream = builder.stream(text('in'))
  const table = builder
    .table(text('table'))
    .filter((value) => value.length > 1)
    .mapValues((value) => `${value}!`)
  stream.leftJoin(table, concat).to(text('out'))
}

function global(builder: StreamsBuilder): void {
  const table = builder.globalTable(text('table'))
  const stream = builder.stream(text('in'))
  stream.join(table, concat, { on: (value) => value }).to(text('out'))
  const on = (value: string): string | null => (value === 'x' ? null : value)
  stream.leftJoin(table, concat, { on, name: 'left' }).to(text('out-2'))
}

export const joinTopologies: Readonly<Record<string, Declare>> = {
  join: (builder) => {
    const stream = builder.stream(text('in'))
    stream.join(builder.table(text('table')), (a, b, id) => id + a + b).to(text('out'))
  },
  'left-join': (builder) => {
    const stream = builder.stream(text('in'))
    stream.leftJoin(builder.table(text('table'), { store: 'rows' }), concat).to(text('out'))
  },
  'join-rekeyed': (builder) => {
    const stream = builder.stream(text('in')).selectKey((value) => value, { key })
    stream.join(builder.table(text('table')), concat).to(text('out'))
  },
  'left-join-rekeyed': (builder) => {
    builder
      .stream(text('in'))
      // A left join takes records without a key, though their type does not say so.
      .selectKey((value) => (value === 'x' ? (null as unknown as string) : value), { key })
      .leftJoin(builder.table(text('table')), concat)
      .to(text('out'))
  },
  'join-derived': derived,
  'join-named': named,
  'join-twice': twice,
  'join-aggregated': aggregated,
  'global-join': global,
  'global-first-and-last': (builder) => {
    builder.globalTable(text('first'))
    builder.stream(text('in')).to(text('out'))
    builder.stream(text('in-2')).to(text('out-2'))
    builder.globalTable(text('last'), { name: 'ending', store: 'rows' })
  },
}
