import { StreamsBuilder, topic, type RecordMetadata, type Topology } from 'millrace'
import { string } from 'millrace/serdes'
import { rocksDbState } from 'millrace/state/rocksdb'
import { describe, expect, it } from 'vitest'
import { EmbeddedBroker } from '../../src/broker/embedded/index.ts'
import { memoryState } from '../../src/state/index.ts'
import type { StateProvider } from '../../src/state/task-state.ts'
import { temporaryFolder } from '../state/contract/harness.ts'
import {
  createWorker,
  eventually,
  produce,
  readAll,
  startWorker,
  type TextRecord,
} from './worker-harness.ts'

const input = topic('in', { key: string(), value: string() })

const engines: readonly [string, (folder: string) => StateProvider][] = [
  ['memory', () => memoryState()],
  ['RocksDB', (folder) => rocksDbState({ folder })],
]

/** Counts by key, of which three are held back; notes where what is emitted was read. */
function calmCounts(places: (RecordMetadata | undefined)[] = []): Topology {
  const builder = new StreamsBuilder()
  const serdes = { key: string(), value: string() }
  builder
    .stream(input)
    .groupByKey()
    .count({ store: 'counts' })
    .suppress({
      until: { timeLimitMs: Number.MAX_SAFE_INTEGER },
      buffer: { maxRecords: 3, whenFull: 'emit' },
      name: 'calm',
    })
    .toStream()
    .mapValues((count) => `${count}`)
    .process<string, string>(
      () => ({
        process(record, context) {
          places.push(context.recordMetadata)
          return context.forward(record)
        },
      }),
      serdes,
    )
    .to(topic('out', serdes))
  return builder.build()
}

/** All in the first of two partitions, so that what goes to another by its key shows. */
function records(from: number, to: number): TextRecord[] {
  const numbers = Array.from({ length: to - from + 1 }, (_, i) => from + i)
  return numbers.map((n) => ({ key: `k${n}`, value: `v${n}`, timestampMs: n, partition: 0 }))
}

async function openBroker(
  options: ConstructorParameters<typeof EmbeddedBroker>[0] = {},
): Promise<EmbeddedBroker> {
  const broker = new EmbeddedBroker(options)
  const client = broker.open()
  await client.createTopics([
    { name: 'in', partitions: 2 },
    { name: 'out', partitions: 2 },
  ])
  await client.close()
  return broker
}

async function sent(broker: EmbeddedBroker): Promise<string[]> {
  const out = await readAll(broker, 'out')
  const lines = out.map(({ key, value, timestampMs }) => `${key}=${value} at ${timestampMs}`)
  return lines.sort()
}

describe.each(engines)('a suppression whose buffer lies in %s', (_name, openState) => {
  it('goes on with what it held back, after its worker was stopped', async () => {
    await using broker = await openBroker()
    const folder = await temporaryFolder()
    const places: (RecordMetadata | undefined)[] = []
    {
      await using state = openState(folder)
      const { worker } = await startWorker({ topology: calmCounts(places), broker, state })
      await produce(broker, 'in', records(1, 3))
      await produce(broker, 'in', records(4, 5))
      await eventually(async () => {
        expect(await sent(broker)).toEqual(['k1=1 at 1', 'k2=1 at 2'])
      })
      await worker.close()
    }
    await using state = openState(folder)
    const { worker } = await startWorker({ topology: calmCounts(places), broker, state })
    await produce(broker, 'in', records(6, 8))
    await eventually(async () => expect(await sent(broker)).toHaveLength(5))
    await worker.close()
    expect(await sent(broker)).toEqual([1, 2, 3, 4, 5].map((n) => `k${n}=1 at ${n}`))
    expect(places).toEqual([0, 1, 2, 3, 4].map((offset) => ({ topic: 'in', partition: 0, offset })))
  })

  it.each(['produce', 'endTxn'] as const)(
    'emits nothing twice and loses nothing where its worker crashes in %s',
    async (request) => {
      let armed: (() => void) | undefined
      await using broker = await openBroker({
        onRequest(client, asked) {
          if (client !== 'first' || asked !== request || !armed) return undefined
          armed()
          return new Promise<void>(() => {})
        },
      })
      const folder = await temporaryFolder()
      const config = { commitIntervalMs: 5, sessionTimeoutMs: 80, transactionTimeoutMs: 150 }
      {
        await using state = openState(folder)
        const topology = calmCounts()
        const first = createWorker({ topology, broker, state, clientId: 'first', config })
        first.worker.start().catch(() => undefined)
        await produce(broker, 'in', records(1, 5))
        await eventually(async () => expect(await sent(broker)).toHaveLength(2))
        const crashed = new Promise<void>((resolve) => {
          armed = resolve
        })
        await produce(broker, 'in', records(6, 9))
        await crashed
        first.client.crash()
        await first.worker.close({ timeoutMs: 0 })
      }
      await using state = openState(folder)
      const second = createWorker({
        topology: calmCounts(),
        broker,
        state,
        clientId: 'second',
        config,
      })
      second.worker.start().catch(() => undefined)
      await produce(broker, 'in', records(10, 20))
      await eventually(async () => expect((await sent(broker)).length).toBeGreaterThanOrEqual(17))
      await second.worker.close()
      const expected = records(1, 17).map(({ key, timestampMs }) => `${key}=1 at ${timestampMs}`)
      expect(await sent(broker)).toEqual(expected.sort())
    },
  )
})

describe('a suppression that must not emit early', () => {
  it('ends its worker when its buffer is full, and commits nothing of what filled it', async () => {
    const builder = new StreamsBuilder()
    builder
      .table(input)
      .suppress({ until: { timeLimitMs: 1000 }, buffer: { maxRecords: 2, whenFull: 'fail' } })
      .toStream()
      .to(topic('out', { key: string(), value: string() }))
    await using broker = await openBroker()
    const { worker } = createWorker({ topology: builder.build(), broker })
    const ended = worker.start().then(() => worker.closed)
    await produce(broker, 'in', records(1, 3))
    await expect(ended).rejects.toThrow(/is full: it holds 3 of at most 2 rows/)
    expect(await sent(broker)).toEqual([])
    await worker.close()
  })
})
