import { DeadLetterQueue, StreamsBuilder, topic, type ListedDeadLetter } from 'millrace'
import { integer, string } from 'millrace/serdes'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { BrokerConnector } from '../../src/broker/connector.ts'
import { EmbeddedBroker } from '../../src/broker/embedded/index.ts'
import { BrokerTimeoutError, StreamsError, UnknownTopicError } from '../../src/core/errors.ts'
import { RedriveProgress } from '../../src/dead-letters/redrive-progress.ts'
import type { Worker } from '../../src/runtime/worker.ts'
import { withUnansweredCommits, type Unanswered } from '../runtime/unanswered-commits.ts'
import { createWorker, eventually, readAll, type ReadRecord } from '../runtime/worker-harness.ts'

const amounts = topic('amounts', { key: string(), value: integer() })
const seen = topic('seen', { key: string(), value: integer() })
const trace = [{ key: 'trace', value: Buffer.from('t-1') }]

function bytes(amount: number): Buffer {
  return integer().serialize(amount, { topic: 'amounts', part: 'value' })
}

describe('dead letters', () => {
  let broker: EmbeddedBroker
  let worker: Worker
  let refused: (amount: number) => boolean
  const queues: DeadLetterQueue[] = []

  beforeEach(async () => {
    broker = new EmbeddedBroker()
    refused = (amount) => amount >= 100
    await broker.open().createTopics([
      { name: 'amounts', partitions: 2 },
      { name: 'seen', partitions: 1 },
      { name: 'aside', partitions: 1 },
    ])
    const builder = new StreamsBuilder()
    builder
      .stream(amounts)
      .peek((amount) => {
        if (refused(amount)) throw new RangeError(`${amount} is refused`)
      })
      .to(seen)
    worker = createWorker({ topology: builder.build(), broker }).worker
    await worker.start()
  })

  afterEach(async () => {
    for (const queue of queues.splice(0)) await queue.close()
    await worker.close()
    await broker.close()
  })

  const open = async (connector: BrokerConnector = broker): Promise<DeadLetterQueue> => {
    const queue = await DeadLetterQueue.open({ broker: connector, applicationId: 'app' })
    queues.push(queue)
    return queue
  }

  const write = async (...all: number[]): Promise<void> => {
    const producer = await broker.open().openProducer({})
    for (const amount of all) {
      producer.send(
        'amounts',
        amount % 2,
        amount * 1000,
        Buffer.from(`k${amount}`),
        bytes(amount),
        trace,
      )
    }
    await producer.close()
  }

  const listed = async (
    queue: DeadLetterQueue,
    filter: Parameters<DeadLetterQueue['list']>[0] = {},
  ): Promise<ListedDeadLetter[]> => {
    const letters: ListedDeadLetter[] = []
    for await (const letter of queue.list(filter)) letters.push(letter)
    return letters
  }

  const results = async (): Promise<number[]> =>
    (await readAll(broker, 'seen')).map(({ valueBytes }) => valueBytes!.readInt32BE()).sort()

  /** Writes these, all of which fail. */
  const fail = async (...all: number[]): Promise<void> => {
    const before = (await readAll(broker, 'app-dead-letters')).length
    await write(...all)
    await eventually(async () => {
      expect(await readAll(broker, 'app-dead-letters')).toHaveLength(before + all.length)
    })
  }

  const again = async (): Promise<ReadRecord[]> =>
    (await readAll(broker, 'amounts')).filter(({ headers }) => '__millrace.redrives' in headers)

  it('are listed with what failed and why', async () => {
    await fail(100)
    expect(await listed(await open())).toMatchObject([
      {
        topic: 'app-dead-letters',
        offset: 0,
        timestampMs: 100_000,
        key: Buffer.from('k100'),
        value: bytes(100),
        headers: trace,
        origin: { topic: 'amounts', partition: 0, offset: 0 },
        stage: 'processing',
        code: 'MILLRACE_PROCESSING',
        exception: 'ProcessingError',
        cause: 'RangeError',
        task: '0_0',
        attempts: 1,
        redrives: 0,
        omitted: undefined,
        isRedriven: false,
      },
    ])
  })

  it.each([
    ['topic', { topic: 'amounts' }, [100, 101, 102, 103]],
    ['another topic', { topic: 'others' }, []],
    ['partition', { partition: 1 }, [101, 103]],
    ['offset', { partition: 0, offsets: { from: 1 } }, [102]],
    ['offsets up to one', { offsets: { to: 0 } }, [100, 101]],
    ['time', { sinceMs: 101_000, untilMs: 102_000 }, [101, 102]],
    ['code', { error: 'MILLRACE_PROCESSING' }, [100, 101, 102, 103]],
    ['cause', { error: 'RangeError' }, [100, 101, 102, 103]],
    ['another error', { error: 'TypeError' }, []],
  ])('are found by %s', async (_, filter, expected) => {
    await fail(100, 101, 102, 103)
    const letters = await listed(await open(), filter)
    expect(letters.map(({ value }) => value!.readInt32BE()).sort()).toEqual(expected)
  })

  it('go back as they were, once, and are processed', async () => {
    await fail(100, 101)
    refused = () => false
    const queue = await open()
    expect(await queue.redrive()).toEqual({ redriven: 2, kept: 0 })
    expect(await queue.redrive()).toEqual({ redriven: 0, kept: 0 })
    await eventually(async () => expect(await results()).toEqual([100, 101]))
    expect(await again()).toMatchObject([
      { partition: 0, key: 'k100', timestampMs: 100_000 },
      { partition: 1, key: 'k101', timestampMs: 101_000 },
    ])
    expect((await again())[0]!.headers).toEqual({ trace: 't-1', '__millrace.redrives': '1' })
    expect((await listed(queue)).map(({ isRedriven }) => isRedriven)).toEqual([true, true])
  })

  it('that fail again are for the next redrive, and are counted', async () => {
    await fail(100)
    const queue = await open()
    await queue.redrive()
    await eventually(async () => expect(await readAll(broker, 'app-dead-letters')).toHaveLength(2))
    expect(await listed(queue)).toMatchObject([
      { isRedriven: true, redrives: 0 },
      { isRedriven: false, redrives: 1, headers: [{}, {}] },
    ])
    refused = () => false
    expect(await queue.redrive()).toEqual({ redriven: 1, kept: 0 })
    await eventually(async () => expect(await results()).toEqual([100]))
    expect((await again()).at(-1)!.headers['__millrace.redrives']).toBe('2')
  })

  it('go back by filter and within a limit; the others stay for later', async () => {
    await fail(100, 101, 102, 103, 104)
    refused = () => false
    const queue = await open()
    expect(await queue.redrive({ partition: 1 })).toMatchObject({ redriven: 2 })
    expect(await queue.redrive({ limit: 1 })).toMatchObject({ redriven: 1 })
    expect(await queue.redrive({ sinceMs: 104_000 })).toMatchObject({ redriven: 1 })
    await eventually(async () => expect(await results()).toEqual([100, 101, 103, 104]))
    expect(await queue.redrive()).toMatchObject({ redriven: 1 })
    expect(await queue.redrive()).toMatchObject({ redriven: 0 })
    await eventually(async () => expect(await results()).toEqual([100, 101, 102, 103, 104]))
  })

  it('go nowhere in a dry run, which says where they would', async () => {
    await fail(100, 101)
    const places: unknown[] = []
    const queue = await open()
    const onRecord = (_: unknown, outcome: unknown): void => void places.push(outcome)
    expect(await queue.redrive({ dryRun: true, onRecord })).toEqual({ redriven: 2, kept: 0 })
    expect(places).toEqual([
      { to: { topic: 'amounts', partition: 0 } },
      { to: { topic: 'amounts', partition: 1 } },
    ])
    expect(await again()).toEqual([])
    expect((await listed(queue)).some(({ isRedriven }) => isRedriven)).toBe(false)
  })

  it('go to another topic and partition where that is said; what has no place there stays', async () => {
    await fail(100, 101)
    const queue = await open()
    expect(await queue.redrive({ to: 'aside' })).toEqual({ redriven: 1, kept: 1 })
    expect(await queue.redrive({ to: 'aside', toPartition: 'key' })).toMatchObject({ redriven: 1 })
    expect((await readAll(broker, 'aside')).map(({ key }) => key)).toEqual(['k100', 'k101'])
    await expect(queue.redrive({ to: 'nowhere' })).resolves.toEqual({ redriven: 0, kept: 0 })
    await fail(102)
    await expect(queue.redrive({ to: 'nowhere' })).rejects.toThrow(UnknownTopicError)
  })

  it.each([
    ['was committed', { committed: 1, lost: 0 }],
    ['was not committed', { committed: 0, lost: 1 }],
  ])('are there once also after a redrive that does not learn that it %s', async (_, outcome) => {
    await fail(...Array.from({ length: 40 }, (_none, i) => 100 + i))
    refused = () => false
    const unanswered: Unanswered = { ...outcome }
    const deaf: BrokerConnector = {
      name: 'deaf',
      open: (environment) => withUnansweredCommits(broker.open(environment), unanswered),
    }
    const first = await open(deaf)
    await expect(first.redrive()).rejects.toThrow(BrokerTimeoutError)
    const second = await open()
    await second.redrive()
    const all = Array.from({ length: 40 }, (_none, i) => 100 + i)
    await eventually(async () => expect(await results()).toEqual(all))
    expect(await again()).toHaveLength(40)
  })

  it('names the topic where there is none', async () => {
    const queue = await DeadLetterQueue.open({ broker, applicationId: 'other' })
    queues.push(queue)
    await expect(queue.redrive()).rejects.toThrow(/no dead-letter topic other-dead-letters/)
  })
})

describe('what is noted of a redrive', () => {
  it('is what was done, in as few spans as can be, and can be read again', () => {
    const progress = new RedriveProgress('dead', 0, undefined)
    for (const [from, to] of [
      [5, 7],
      [9, 10],
      [7, 9],
      [20, 21],
      [0, 3],
    ] as const) {
      progress.add(from, to)
    }
    expect(progress.committed()).toMatchObject({ offset: 3, metadata: '5-10,20-21' })
    const read = new RedriveProgress('dead', 0, progress.committed())
    expect([2, 3, 5, 9, 10, 20, 21].map((offset) => read.isDone(offset))).toEqual([
      true,
      false,
      true,
      true,
      false,
      true,
      false,
    ])
    read.add(3, 5)
    expect(read.committed()).toMatchObject({ offset: 10, metadata: '20-21' })
  })

  it('is refused where it is scattered over more places than can be kept', () => {
    const progress = new RedriveProgress('dead', 0, undefined)
    for (let offset = 1; offset < 2_000; offset += 2) progress.add(offset, offset + 1)
    expect(() => progress.committed()).toThrow(StreamsError)
  })
})
