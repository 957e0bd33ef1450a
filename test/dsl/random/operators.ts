import type { Seeded } from './seeded.ts'
import type { OpSpec, ValueType, WindowsSpec } from './spec.ts'
import { shareSources } from './types-of.ts'

/** What an operator is chosen by: the values so far, and the number that names in it get. */
export interface Choice {
  readonly random: Seeded
  readonly types: readonly ValueType[]
  readonly index: number
}

/** An operator of the language, with how often it comes. */
interface Operator {
  readonly name: string
  readonly weight: number
  /** Undefined where no value so far is fit for it. */
  readonly make: (choice: Choice) => OpSpec | undefined
}

type Fits = (type: ValueType) => boolean

const stream: Fits = ({ kind }) => kind === 'stream'
const keyed: Fits = (type) => stream(type) && type.key === 'text'
const joinable: Fits = (type) => keyed(type) && (type.joins ?? 0) < 2
const joinableWith = (of: ValueType): Fits => {
  return (type) => joinable(type) && (type.joins ?? 0) + (of.joins ?? 0) < 2
}
const table: Fits = ({ kind }) => kind === 'table'
const plainTable: Fits = (type) => table(type) && type.key === 'text'
const withOldValues: Fits = (type) => {
  return table(type) && !type.otherOldValues && !type.endIncluded
}
/** Whoever reads a suppressed table sees old values. */
const suppressible: Fits = (type) => table(type) && (type.key !== 'text' || withOldValues(type))
const joinableTable: Fits = (type) => plainTable(type) && withOldValues(type)
const grouped: Fits = ({ kind }) => kind === 'grouped'
const groupedTable: Fits = ({ kind }) => kind === 'groupedTable'
const global: Fits = ({ kind }) => kind === 'global'

/** One of the values that fit; those declared last more often, so that topologies grow deep. */
function one({ random, types }: Choice, fits: Fits): number | undefined {
  const fitting = types.flatMap((type, i) => (fits(type) ? [i] : []))
  if (fitting.length === 0) return undefined
  return random.chance(0.5) ? fitting.at(-1) : random.choose(fitting)
}

function named({ random, index }: Choice): { readonly name?: string } {
  return random.chance(0.2) ? { name: `named-${index}` } : {}
}

function stored(choice: Choice, of: number): { readonly store?: string } {
  const { random, types, index } = choice
  const { key, otherOldValues } = types[of]!
  return key === 'text' && !otherOldValues && random.chance(0.3) ? { store: `store-${index}` } : {}
}

/**
 * Where one record changes a row twice, or both tables, an answer is stale that was asked for before, and Kafka Streams
 * drops it where Millrace asks again.
 */
function otherTable(of: ValueType): Fits {
  return (type) => joinableTable(type) && !of.several && !shareSources(type, of)
}

function unary(
  name: string,
  weight: number,
  fits: Fits,
  more: (choice: Choice, of: number) => Partial<OpSpec> = () => ({}),
): Operator {
  return {
    name,
    weight,
    make(choice) {
      const of = one(choice, fits)
      if (of === undefined) return undefined
      const f = choice.random.below(24)
      return { op: name, of, f, ...named(choice), ...more(choice, of) }
    },
  }
}

function binary(
  name: string,
  weight: number,
  left: Fits,
  right: (of: ValueType) => Fits,
  more: (choice: Choice, of: number, other: number) => Partial<OpSpec> = () => ({}),
): Operator {
  return {
    name,
    weight,
    make(choice) {
      const of = one(choice, left)
      if (of === undefined) return undefined
      const other = one(choice, right(choice.types[of]!))
      if (other === undefined) return undefined
      const f = choice.random.below(24)
      return { op: name, of, with: other, f, ...named(choice), ...more(choice, of, other) }
    },
  }
}

function windows({ random }: Choice): WindowsSpec {
  const size = 4 + random.below(20)
  const grace = random.choose([0, 0, 5, 20])
  const type = random.choose(['tumbling', 'hopping', 'sliding', 'session'] as const)
  if (type === 'session') return { type, gap: 1 + (size >> 1), grace }
  if (type !== 'hopping') return { type, size, grace }
  return { type, size, grace, advance: 1 + random.below(size) }
}

function windowed(choice: Choice): Partial<OpSpec> {
  return { windows: windows(choice) }
}

function aggregationStore({ random, index }: Choice): { readonly store?: string } {
  return random.chance(0.4) ? { store: `store-${index}` } : {}
}

/** The same where the store may keep the history of its keys. */
function storeOfTable(choice: Choice): Partial<OpSpec> {
  const stored = aggregationStore(choice)
  if (stored.store === undefined || !choice.random.chance(0.25)) return stored
  return { ...stored, history: choice.random.choose([10, 40, 1000]) }
}

function windowedAggregation(choice: Choice): Partial<OpSpec> {
  const options = { ...aggregationStore(choice), ...windowed(choice) }
  if (!choice.random.chance(0.3)) return options
  // Kept for the default time only, results of windows that close late would be lost in Kafka Streams.
  return { ...options, emit: 'close', retention: 1000, store: `store-${choice.index}` }
}

/** Only tables with history can be joined with as of a time before the latest. */
function joinGrace({ random, types }: Choice, _of: number, other: number): Partial<OpSpec> {
  return types[other]!.history && random.chance(0.5) ? { grace: random.below(12) } : {}
}

function joinWindows({ random, index }: Choice): Partial<OpSpec> {
  // Kafka Streams declares windows for records of the same time only, and fails at the first record.
  const before = 1 + random.below(11)
  const after = random.chance(0.1) ? -random.below(before) : random.below(12)
  const grace = random.choose([0, 0, 5, 20])
  return { before, after, grace, ...(random.chance(0.3) && { store: `store-${index}` }) }
}

function cogroup(choice: Choice): OpSpec | undefined {
  const { random, types } = choice
  const possible = types.flatMap((type, i) => (grouped(type) ? [i] : []))
  if (possible.length === 0) return undefined
  const first = random.choose(possible)
  const groups = [first, ...possible.filter((i) => i !== first && random.chance(0.7))]
  const options = { ...named(choice), ...aggregationStore(choice) }
  // Kafka Streams does not know the serde of such keys but by a store.
  const windowing = random.chance(0.5)
    ? { ...windowed(choice), store: `store-${choice.index}` }
    : {}
  return { op: 'cogroup', groups, f: random.below(24), ...options, ...windowing }
}

/** The operators of random topologies. */
export const operators: readonly Operator[] = [
  unary('filter', 2, (type) => stream(type) || withOldValues(type), storedIfTable),
  unary('filterNot', 1, (type) => stream(type) || withOldValues(type), storedIfTable),
  unary('mapValues', 3, (type) => stream(type) || table(type), storedIfTable),
  unary('flatMapValues', 2, stream),
  unary('map', 2, stream),
  unary('flatMap', 1, stream),
  unary('selectKey', 2, stream),
  unary('peek', 1, stream),
  unary('branch', 1, stream, ({ random }) => {
    return { branches: 1 + random.below(3), rest: random.chance(0.6) }
  }),
  binary('merge', 2, stream, (of) => (other) => {
    return stream(other) && other.key === of.key && other.value === of.value && same(of, other)
  }),
  unary('repartition', 1, keyed),
  unary('groupByKey', 3, keyed),
  unary('groupBy', 3, stream),
  unary('count', 3, grouped, storeOfTable),
  unary('reduce', 3, grouped, storeOfTable),
  unary('aggregate', 3, grouped, storeOfTable),
  unary('count', 6, grouped, windowedAggregation),
  unary('reduce', 6, grouped, windowedAggregation),
  unary('aggregate', 6, grouped, windowedAggregation),
  unary('toTable', 3, keyed, storeOfTable),
  unary('toStream', 3, table),
  unary('suppress', 2, suppressible, ({ random, types }, of) => {
    const { key, endIncluded } = types[of]!
    if (key !== 'text' && !endIncluded && random.chance(0.6)) return {}
    const limit = random.choose([0, 5, 15])
    return random.chance(0.4) ? { limit, maxRecords: 1 + random.below(3) } : { limit }
  }),
  unary('tableGroupBy', 3, withOldValues),
  unary('tableCount', 4, groupedTable, storeOfTable),
  unary('tableReduce', 4, groupedTable, storeOfTable),
  unary('tableAggregate', 4, groupedTable, storeOfTable),
  binary('streamTableJoin', 4, keyed, () => plainTable, joinGrace),
  // A grace would let Kafka Streams fail at records without a key.
  binary('streamTableLeftJoin', 4, keyed, () => plainTable),
  binary('streamJoin', 3, joinable, (of) => joinableWith(of), joinWindows),
  binary('streamLeftJoin', 3, joinable, (of) => joinableWith(of), joinWindows),
  binary('streamOuterJoin', 3, joinable, (of) => joinableWith(of), joinWindows),
  binary('tableJoin', 3, joinableTable, () => joinableTable, stored),
  binary('tableLeftJoin', 3, joinableTable, () => joinableTable, stored),
  binary('tableOuterJoin', 3, joinableTable, () => joinableTable, stored),
  binary('foreignJoin', 3, joinableTable, otherTable, stored),
  binary('foreignLeftJoin', 3, joinableTable, otherTable, stored),
  { name: 'cogroup', weight: 3, make: cogroup },
  binary('globalJoin', 3, stream, () => global),
  binary('globalLeftJoin', 3, stream, () => global),
]

function same(a: ValueType, b: ValueType): boolean {
  return a.sizeMs === b.sizeMs
}

function storedIfTable(choice: Choice, of: number): Partial<OpSpec> {
  return table(choice.types[of]!) ? stored(choice, of) : {}
}
