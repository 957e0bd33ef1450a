import type { KTable, StreamsBuilder } from 'millrace'
import { string } from 'millrace/serdes'
import { text, type Declare } from './topics.ts'

const key = string()
const value = string()

function joiner(a: string, b: string | null, id: string): string {
  return `${id}:${a}+${b}`
}

function versions(builder: StreamsBuilder): KTable<string, string> {
  const versioned = { historyRetentionMs: 100 }
  return builder.table(text('versions'), { store: { name: 'versions', versioned } })
}

/** The last character stands for a key; a value without one has none. */
function byValue(each: string): string | null {
  return each.endsWith('-') ? null : `k${each.slice(-1)}`
}

function matrix(builder: StreamsBuilder): void {
  const stream = builder.stream(text('in'))
  const table = builder.table(text('plain'))
  stream.join(table, joiner).to(text('out-plain'))
  stream.leftJoin(table, joiner).to(text('out-plain-left'))
  const history = versions(builder)
  stream.join(history, joiner).to(text('out-versions'))
  stream.leftJoin(history, joiner).to(text('out-versions-left'))
  const global = builder.globalTable(text('global'))
  const byKey = { on: (_: string, id: string) => id }
  stream.join(global, joiner, byKey).to(text('out-global'))
  stream.leftJoin(global, joiner, byKey).to(text('out-global-left'))
  stream.join(global, joiner, { on: byValue }).to(text('out-global-by-value'))
  const options = { on: byValue, name: 'by-value' }
  stream.leftJoin(global, joiner, options).to(text('out-global-by-value-left'))
}

function history(builder: StreamsBuilder): void {
  const stream = builder.stream(text('in'))
  const rows = versions(builder)
  const filtered = rows.filter((each) => !each.endsWith('0'))
  stream.join(filtered, joiner).to(text('out-filtered'))
  stream
    .leftJoin(
      rows.mapValues((each) => `${each}!`),
      joiner,
    )
    .to(text('out-mapped'))
  const stored = rows.mapValues((each) => `${each}!`, { store: 'mapped', value })
  stream.leftJoin(stored, joiner).to(text('out-mapped-stored'))
  const versioned = { historyRetentionMs: 30 }
  const again = rows.mapValues((each) => `${each}?`, { store: { name: 'again', versioned }, value })
  stream.leftJoin(again, joiner).to(text('out-mapped-versioned'))
}

function graces(builder: StreamsBuilder): void {
  const stream = builder.stream(text('in'))
  const rows = versions(builder)
  const keyed = stream.filter((_, id: string | null) => id !== null)
  for (const graceMs of [0, 5, 25, 100]) {
    stream.join(rows, joiner, { graceMs }).to(text(`out-${graceMs}`))
    keyed.leftJoin(rows, joiner, { graceMs }).to(text(`out-left-${graceMs}`))
  }
  const filtered = rows.filter((each) => !each.endsWith('0'))
  stream.join(filtered, joiner, { graceMs: 10 }).to(text('out-filtered'))
}

function named(builder: StreamsBuilder): void {
  const stream = builder.stream(text('in'))
  const rows = versions(builder)
  const out = text('out')
  stream.join(rows, joiner, { graceMs: 5, name: 'waiting' }).to(out)
  const rekeyed = stream.selectKey((each) => each, { key })
  rekeyed.leftJoin(rows, joiner, { graceMs: 5, name: 'rekeyed' }).to(out)
  stream.leftJoin(rows, joiner, { graceMs: 5 }).to(out)
}

/** A join with a grace of this many milliseconds. */
function graceJoin(
  table: (builder: StreamsBuilder) => KTable<string, string>,
  graceMs: number,
): Declare {
  return (builder) => {
    const stream = builder.stream(text('in'))
    stream.join(table(builder), joiner, { graceMs }).to(text('out'))
  }
}

export const streamTableJoinTopologies: Readonly<Record<string, Declare>> = {
  'table-join-orders': matrix,
  'table-join-shuffled': matrix,
  'table-join-history': history,
  'table-join-grace-orders': graces,
  'table-join-grace-shuffled': graces,
  'table-join-grace-headers': graces,
  'table-join-grace-named': named,
  'table-join-grace-rekeyed': (builder) => {
    const stream = builder.stream(text('in')).selectKey((each) => each, { key })
    stream.join(versions(builder), joiner, { graceMs: 5 }).to(text('out'))
  },
  'table-join-grace-plain-table': graceJoin((builder) => builder.table(text('plain')), 5),
  'table-join-grace-plain-table-filtered': graceJoin(
    (builder) => builder.table(text('plain'), { store: 'rows' }).filter(() => true),
    5,
  ),
  'table-join-grace-versioned-stored-plain': graceJoin(
    (builder) => versions(builder).filter(() => true, { store: 'rows' }),
    5,
  ),
  'table-join-grace-short-history': graceJoin(versions, 101),
}
