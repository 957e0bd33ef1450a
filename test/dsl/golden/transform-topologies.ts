import {
  Record as StreamRecord,
  type KStream,
  type KTable,
  type Processor,
  type ProcessorContext,
  type PunctuationType,
  type StreamsBuilder,
  type TransformContext,
  type ValueTransformer,
} from 'millrace'
import { string } from 'millrace/serdes'
import { keyValueStore, type KeyValueStore } from 'millrace/state'
import { counts, text, type Declare } from './topics.ts'

const key = string()
const value = string()
const serdes = { key, value }
const seen = keyValueStore({ name: 'seen', ...serdes })

type Seen = KeyValueStore<string, string>
type Context = ProcessorContext<string, string, Seen>
type Words = Processor<string, string, string, string, Seen>

/** Keeps nothing. */
function shouting(): ValueTransformer<string, string, string> {
  return { transform: (word, id) => (id === 'n' ? null : `${id}->${word}!`) }
}

/** Numbers the values of each key, deletions too. */
class Counting implements ValueTransformer<string, string, string, Seen> {
  private store!: Seen

  init(context: TransformContext<Seen>): void {
    this.store = context.store(seen)
  }

  async transform(
    word: string | null,
    id: string,
    context: TransformContext<Seen>,
  ): Promise<string | null> {
    const { timestampMs } = context
    const number = Number((await this.store.get(id)) ?? 0) + 1
    this.store.put(id, `${number}`)
    return word === null ? null : `${number}:${word}@${timestampMs}`
  }
}

/** Forwards each value with the one before it, under another key. */
const latest: Words = {
  async process(record, context) {
    const store = context.store(seen)
    const before = (await store.get(record.key)) ?? null
    store.put(record.key, record.value)
    const renamed = record.withKey(`${record.key}'`).withValue(`${before},${record.value}`)
    await context.forward(renamed.withTimestamp(record.timestampMs + 100))
  },
}

/** Forwards each value as often as it came for its key. */
const repeating: Words = {
  async process(record, context) {
    const store = context.store(seen)
    const all = ((await store.get(record.key)) ?? '') + record.value
    store.put(record.key, all)
    await context.forward(record.withValue(all))
    const length = record.withValue(`${all.length}`)
    await context.forward(length.withTimestamp(record.timestampMs + 1))
  },
}

/** Forwards all that it has seen each ten milliseconds, and forgets it. */
class Flushing implements Words {
  private readonly type: PunctuationType

  constructor(type: PunctuationType) {
    this.type = type
  }

  init(context: Context): void {
    const store = context.store(seen)
    context.schedule(this.type, 10, async (timestampMs) => {
      for await (const { key: id, value: word } of store.range()) {
        await context.forward(new StreamRecord(id, word, timestampMs))
        store.delete(id)
      }
    })
  }

  process(record: StreamRecord<string, string>, context: Context): void {
    context.store(seen).put(record.key, record.value)
  }
}

/** Sends values of even length to one child, and others to the other. */
const routing: Processor<string, string, string, string> = {
  process: (record, context) =>
    context.forward(record, record.value.length % 2 === 0 ? 'even' : 'odd'),
}

/** The stream that the stores of the user are for. */
function streamWithStore(builder: StreamsBuilder): KStream<string, string> {
  return builder.addStateStore(seen).stream(text('in'))
}

function toOut(table: KTable<string, string>): void {
  table.toStream().to(text('out'))
}

/** One group of all rows. */
function summed(table: KTable<string, string>): KTable<string, string> {
  return table
    .groupBy((word) => ({ key: 'all', value: word }), { ...serdes, name: 'one' })
    .reduce(
      (a, b) => `${a}+${b}`,
      (a, b) => `${a}-${b}`,
      { store: 'reduced' },
    )
}

const tables: Readonly<Record<string, Declare>> = {
  'transform-values': (builder) => {
    toOut(builder.table(text('in')).transformValues(shouting))
  },
  'transform-values-stored': (builder) => {
    const options = { store: 'loud', value, name: 'shout' }
    toOut(builder.table(text('in')).transformValues(shouting, options))
  },
  'transform-values-counting': (builder) => {
    builder.addStateStore(seen)
    const options = { stores: [seen], name: 'number' }
    toOut(builder.table(text('in')).transformValues(() => new Counting(), options))
  },
  'transform-values-grouped': (builder) => {
    builder.addStateStore(seen)
    const options = { stores: [seen], store: 'numbers', value }
    toOut(summed(builder.table(text('in')).transformValues(() => new Counting(), options)))
  },
  'transform-values-grouped-unstored': (builder) => {
    toOut(summed(builder.table(text('in')).transformValues(shouting)))
  },
  'transform-values-joined': (builder) => {
    const table = builder.table(text('table')).transformValues(shouting)
    const joined = builder.stream(text('in')).leftJoin(table, (a, b) => `${a}${b}`)
    joined.to(text('out'))
  },
  'transform-values-joined-stored': (builder) => {
    const table = builder
      .table(text('table'))
      .filter((word) => word !== 'B')
      .transformValues(shouting, { store: 'loud', value })
    const joined = builder.stream(text('in')).join(table, (a, b) => a + b)
    joined.to(text('out'))
  },
  'transform-values-versioned-joined': (builder) => {
    const store = { name: 'versions', versioned: { historyRetentionMs: 100 } }
    const table = builder.table(text('table'), { store }).transformValues(shouting)
    const joined = builder.stream(text('in')).leftJoin(table, (a, b) => `${a}${b}`)
    joined.to(text('out'))
  },
  'transform-values-of-filtered': (builder) => {
    builder
      .table(text('in'), { name: 'rows' })
      .filter((word) => word.length > 1)
      .transformValues(shouting)
      .filterNot((word) => word.includes('b'))
      .mapValues((word) => `${word}?`)
      .toStream()
      .to(text('out'))
  },
}

const streams: Readonly<Record<string, Declare>> = {
  'process-stored': (builder) => {
    const stream = streamWithStore(builder)
    stream.process(() => latest, { name: 'latest', stores: [seen] }).to(text('out'))
  },
  'process-values-stored': (builder) => {
    const stream = streamWithStore(builder)
    stream.processValues(() => repeating, { name: 'repeat', stores: [seen] }).to(text('out'))
    stream
      .processValues(() => repeating, { stores: [seen], value })
      .groupByKey()
      .count()
      .toStream()
      .to(counts('out-2'))
  },
  'process-punctuating': (builder) => {
    const stream = streamWithStore(builder)
    stream.process(() => new Flushing('stream-time'), { stores: [seen] }).to(text('out'))
  },
  'process-punctuating-by-clock': (builder) => {
    const stream = streamWithStore(builder)
    stream.process(() => new Flushing('wall-clock-time'), { stores: [seen] }).to(text('out'))
  },
  'process-to-children': (builder) => {
    const routed = builder.stream(text('in')).process(() => routing, { name: 'route' })
    routed.filter(() => true, { name: 'even' }).to(text('out'))
    routed.mapValues((word) => `${word}!`, { name: 'odd' }).to(text('out-2'))
  },
}

export const transformTopologies: Readonly<Record<string, Declare>> = { ...tables, ...streams }
