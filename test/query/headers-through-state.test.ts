import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { EmbeddedBroker } from 'millrace/broker/embedded'
import { string } from 'millrace/serdes'
import {
  createTopics,
  KafkaStreams,
  Record,
  StreamsBuilder,
  topic,
  TopicProducer,
  type KTable,
  type Topology,
} from 'millrace'
import { silentLogger } from '../../src/core/logger.ts'
import { eventually, readAll } from '../runtime/worker-harness.ts'
import { temporaryFolder } from '../state/contract/harness.ts'

const words = topic('words', { key: string(), value: string() })
const asked = topic('asked', { key: string(), value: string() })
const answers = topic('answers', { key: string(), value: string() })
const changes = topic('changes', { key: string(), value: string() })

interface Declared {
  readonly topology: Topology
  readonly rows: KTable<string, string>
  readonly joined: KTable<string, string>
}

/** A table and an aggregate that keep headers, the one's updates, and the other's rows for those who ask. */
function declare(): Declared {
  const builder = new StreamsBuilder()
  const stream = builder.stream(words)
  const rows = stream.toTable({ store: { name: 'rows', headers: true } })
  rows.toStream().to(changes)
  const joined = stream
    .groupByKey()
    .reduce((a, b) => `${a} ${b}`, { store: { name: 'joined', headers: true } })
  builder
    .stream(asked)
    .processValues<string, [typeof rows, typeof joined]>(
      () => ({
        async process({ key, timestampMs }, context) {
          for (const table of [rows, joined]) {
            const row = await context.store(table).getWithHeaders(key)
            if (row) await context.forward(new Record(key, row.value, timestampMs, row.headers))
          }
        },
      }),
      { name: 'answer', stores: [rows, joined], value: string() },
    )
    .to(answers)
  return { topology: builder.build(), rows, joined }
}

describe.each(['memory', 'RocksDB'])('headers, through state in %s and a restart,', (engine) => {
  let broker: EmbeddedBroker

  beforeEach(async () => {
    broker = new EmbeddedBroker()
    const topics = [words, asked, answers, changes].map(({ name }) => ({ name, partitions: 1 }))
    await createTopics(broker, topics)
  })

  afterEach(() => broker.close())

  it('are those of the last record of the row, and go on with it', async () => {
    const { topology, rows, joined } = declare()
    const folder = await temporaryFolder()
    const start = async (): Promise<KafkaStreams> => {
      const app = new KafkaStreams({
        applicationId: 'kept',
        topology,
        broker,
        logger: silentLogger,
        commitIntervalMs: 10,
        ...(engine === 'RocksDB' && { stateDir: folder }),
      })
      await app.start()
      return app
    }
    const first = await start()
    await using producer = await TopicProducer.open(words, { broker })
    const send = (value: string, trace?: string): Promise<unknown> =>
      producer.send({
        key: 'k',
        value,
        timestampMs: 1_000,
        ...(trace !== undefined && { headers: [{ key: 'trace', value: Buffer.from(trace) }] }),
      })
    await send('a', 't1')
    await send('b', 't2')
    await eventually(async () => {
      expect((await first.view(joined).get('k'))?.value).toBe('a b')
    })
    await first.close()
    await using second = await start()
    for (const [table, value] of [
      [rows, 'b'],
      [joined, 'a b'],
    ] as const) {
      const row = await second.view(table).get('k')
      expect(row?.value).toBe(value)
      expect(row?.headers?.map((header) => `${header.key} ${String(header.value)}`)).toEqual([
        'trace t2',
      ])
    }
    await using asking = await TopicProducer.open(asked, { broker })
    await asking.send({ key: 'k', value: '?', timestampMs: 2_000 })
    await eventually(async () => {
      expect(await readAll(broker, 'answers')).toMatchObject([
        { value: 'b', headers: { trace: 't2' } },
        { value: 'a b', headers: { trace: 't2' } },
      ])
    })
    await send('c')
    await eventually(async () => {
      const row = await second.view(rows).get('k')
      expect(row).toMatchObject({ value: 'c' })
      expect(row).not.toHaveProperty('headers')
    })
    const sent = (await readAll(broker, 'changes')).map(({ value, headers }) => [value, headers])
    expect(sent).toEqual([
      ['a', { trace: 't1' }],
      ['b', { trace: 't2' }],
      ['c', {}],
    ])
  })
})
