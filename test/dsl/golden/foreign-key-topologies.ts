import type {
  ForeignKeyJoinOptions,
  KGroupedStream,
  KTable,
  StoreOption,
  StreamsBuilder,
} from 'millrace'
import { topic } from 'millrace'
import { integer, string } from 'millrace/serdes'
import { text, type Declare } from './topics.ts'
import { versioned } from './versioned-table-topologies.ts'

const key = string()
const value = string()

type Table = KTable<string, string>
type JoinType = 'inner' | 'left'
type Options = Partial<ForeignKeyJoinOptions<string, string, string, string>>

/** Values are "something|key", or "something|" for none. */
function foreignKey(row: string): string | null {
  const part = row.slice(row.indexOf('|') + 1)
  return part === '' ? null : part
}

function both(a: string, b: string | null): string {
  return `(${a},${b})`
}

function joinAs(type: JoinType, left: Table, right: Table, options: Options = {}): Table {
  const on = { on: foreignKey, ...options }
  return type === 'inner' ? left.join(right, both, on) : left.leftJoin(right, both, on)
}

function first(builder: StreamsBuilder, store?: StoreOption): Table {
  return builder.table(text('in'), store === undefined ? {} : { store })
}

function second(builder: StreamsBuilder, store?: StoreOption): Table {
  return builder.table(text('in-2'), store === undefined ? {} : { store })
}

function simple(type: JoinType, options?: Options): Declare {
  return (builder) => {
    joinAs(type, first(builder), second(builder), options).toStream().to(text('out'))
  }
}

function stored(type: JoinType, a?: StoreOption, b?: StoreOption, c?: StoreOption): Declare {
  return (builder) => {
    joinAs(type, first(builder, a), second(builder, b), { store: c ?? 'joined', value })
      .toStream()
      .to(text('out'))
  }
}

function rejoined(type: JoinType): Declare {
  return (builder) => {
    const left = first(builder)
    const joined = joinAs(type, left, second(builder), { value })
    joined.toStream().to(text('out'))
    left
      .join(joined, (a, b) => `again(${a},${b})`)
      .toStream()
      .to(text('out-2'))
  }
}

function derived(type: JoinType): Declare {
  return (builder) => {
    const left = first(builder).filter((row) => !row.startsWith('no'))
    const right = second(builder).mapValues((row) => `${row}'`, { value })
    joinAs(type, left, right).toStream().to(text('out'))
  }
}

function oldValues(type: JoinType): Declare {
  return (builder) => {
    joinAs(type, first(builder), second(builder), { value })
      .groupBy((_, id) => ({ key: 'all', value: id }), { name: 'summed', key, value })
      .aggregate(
        () => '0',
        (sum, id) => `${sum}+${id}`,
        (sum, id) => `${sum}-${id}`,
        { store: 'sums', value },
      )
      .toStream()
      .to(text('out'))
  }
}

function aggregated(type: JoinType): Declare {
  return (builder) => {
    const grouped = (name: string): KGroupedStream<string, string> =>
      builder.stream(text(name)).groupByKey()
    const left = grouped('in').reduce((_, b) => b, { store: 'left' })
    const right = grouped('in-2').reduce((a, b) => a + b, { store: 'right' })
    joinAs(type, left, right).toStream().to(text('out'))
  }
}

function self(type: JoinType): Declare {
  return (builder) => {
    const table = first(builder)
    joinAs(type, table, table, { store: 'joined', value }).toStream().to(text('out'))
  }
}

function ofType(type: JoinType): Record<string, Declare> {
  const on = (row: string, id: string): string | null => (id === 'l3' ? 'r1' : foreignKey(row))
  const only = (): number => 0
  const joins: Record<string, Declare> = {
    '': simple(type),
    '-stored': stored(type, 'left', 'right'),
    '-named': simple(type, { name: 'named' }),
    '-named-stored': simple(type, { name: 'named', store: 'kept', value }),
    '-optimized': stored(type),
    '-rejoined': rejoined(type),
    '-versioned-left': stored(type, versioned('left')),
    '-versioned-right': stored(type, undefined, versioned('right')),
    '-versioned-both': stored(type, versioned('left'), versioned('right'), versioned('joined')),
    '-derived': derived(type),
    '-old-values': oldValues(type),
    '-aggregated': aggregated(type),
    '-self': self(type),
    '-by-key-and-value': simple(type, { on }),
    '-partitioned': simple(type, { partitioner: only, otherPartitioner: only }),
  }
  return Object.fromEntries(
    Object.entries(joins).map(([name, declare]) => [`foreign-${type}${name}`, declare]),
  )
}

function integers(builder: StreamsBuilder): void {
  const right = builder.table(topic('in-2', { key: integer(), value }))
  first(builder)
    .leftJoin(right, both, {
      on: (row) => (row === 'none' ? null : Number(row)),
      store: 'joined',
      value,
    })
    .toStream()
    .to(text('out'))
}

function chain(builder: StreamsBuilder): void {
  const orders = first(builder)
  const customers = second(builder)
  const countries = builder.table(text('in-3'))
  orders
    .join(customers, (order, customer) => `${order}:${customer}`, {
      name: 'customers',
      on: foreignKey,
      store: 'with-customer',
      value,
    })
    .leftJoin(countries, both, {
      name: 'countries',
      on: (row) => row.slice(row.lastIndexOf('|') + 1),
      store: 'with-country',
      value,
    })
    .toStream()
    .to(text('out'))
}

export const foreignKeyTopologies: Readonly<Record<string, Declare>> = {
  ...ofType('inner'),
  ...ofType('left'),
  'foreign-integer-keys': integers,
  'foreign-chain': chain,
  'foreign-empty-value': stored('left'),
}
