import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import { partitionForKey } from '../../src/core/murmur2.ts'
import type { Broker, Producer } from '../../src/broker/port.ts'
import { startCli, type Ended, type RunningCli } from '../cli/run-cli.ts'
import { beginnings, openBroker } from './kafka-client.ts'
import { partitions, purchases, totals, type Total } from './threads/app.config.ts'

const keys = Array.from({ length: 60 }, (_, at) => `customer-${at}`)
const inputs = beginnings(purchases.name, partitions)
const patienceMs = 60_000

interface Status {
  readonly state: string
  readonly tasks: readonly {
    readonly thread: string
    readonly state: string
    readonly taskId: { readonly partition: number }
  }[]
}

describe('one process with three threads and six partitions, of which one thread crashes mid-way', () => {
  const folder = mkdtempSync(join(tmpdir(), 'threads-'))
  const marker = join(folder, 'crashed')
  const expected = new Map<string, Total[]>()
  let broker: Broker
  let producer: Producer
  let running: RunningCli
  let url = ''
  let before: Status
  let after: Status
  let outputs: Map<string, Total[]>
  const read = new Map<string, Total>()
  let listed: { readonly partitions: number[]; readonly entries: { readonly key: string }[] }
  let metrics = ''
  let ended: Ended

  const send = (key: string, value: string): void => {
    const partition = partitionForKey(Buffer.from(key), partitions)
    producer.send(
      purchases.name,
      partition,
      systemClock.now(),
      Buffer.from(key),
      Buffer.from(value),
    )
    const all = expected.get(key) ?? []
    const { sum, count } = all.at(-1) ?? { sum: 0, count: 0 }
    all.push({ sum: sum + (value === 'crash' ? 0 : Number(value)), count: count + 1 })
    expected.set(key, all)
  }

  const produce = async (from: number, to: number): Promise<void> => {
    for (let at = from; at < to; at++) {
      send(keys[at % keys.length]!, String(at))
      await producer.ready()
      if (at % 200 === 0) await sleep(5)
    }
    await producer.flush()
  }

  const ask = async <T>(path: string): Promise<T> => {
    const answer = await fetch(`${url}${path}`)
    return (await answer.json()) as T
  }

  const until = async (condition: () => Promise<boolean>): Promise<void> => {
    const deadlineMs = performance.now() + patienceMs
    while (!(await condition())) {
      if (performance.now() > deadlineMs) throw new Error(running.written().stderr)
      await sleep(100)
    }
  }

  const isSettled = async (): Promise<boolean> => {
    const { state, tasks } = await ask<Status>('/status')
    return (
      state === 'running' &&
      tasks.length === partitions &&
      tasks.every((task) => task.state === 'running')
    )
  }

  const allIsProcessed = async (): Promise<boolean> => {
    const ends = await broker.listOffsets(inputs, 'latest', 'read_committed')
    const committed = await broker.committedOffsets('threads', inputs)
    return ends.every(
      (end) => committed.find((each) => each.partition === end.partition)?.offset === end.offset,
    )
  }

  beforeAll(async () => {
    const bootstrap = inject('kafkaBootstrap')
    broker = openBroker(bootstrap)
    await broker.createTopics([purchases, totals].map(({ name }) => ({ name, partitions })))
    producer = await broker.openProducer({})
    await producer.prepare([purchases.name])
    const config = ['--config', 'test/kafka/threads/app.config.ts']
    const flags = ['--state-dir', join(folder, 'state'), '--http', '0', '--log-level', 'info']
    running = startCli(['run', ...config, ...flags], {
      env: { KAFKA: bootstrap, CRASH_MARKER: marker, NODE_OPTIONS: '' },
    })
    const started = /in 3 threads, (http:\S+)/
    await running.untilPrinted(started)
    url = started.exec(running.written().stdout)![1]!
    await until(isSettled)
    before = await ask<Status>('/status')
    await produce(0, 3_000)
    send(keys[7]!, 'crash')
    await produce(3_000, 6_000)
    await until(() => Promise.resolve(existsSync(marker)))
    await until(() => Promise.resolve(/A thread was replaced/.test(running.written().stderr)))
    await until(async () => (await isSettled()) && (await allIsProcessed()))
    after = await ask<Status>('/status')
    for (const key of keys)
      read.set(key, (await ask<{ value: Total }>(`/views/totals/${key}`)).value)
    listed = await ask('/views/totals?limit=1000')
    metrics = await (await fetch(`${url}/metrics`)).text()
    running.child.kill('SIGTERM')
    ended = await running.ended
    outputs = await committedTotals(broker)
  }, 240_000)

  afterAll(async () => {
    running?.child.kill('SIGKILL')
    await producer?.close()
    await broker?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('shares the tasks between the threads, before and after', () => {
    for (const status of [before, after]) {
      const threads = status.tasks.map(({ thread }) => thread)
      expect(new Set(threads)).toEqual(new Set(['thread-1', 'thread-2', 'thread-3']))
      expect(status.tasks.map(({ taskId }) => taskId.partition).sort()).toEqual([0, 1, 2, 3, 4, 5])
    }
  })

  it('says why the thread ended, with its stack', () => {
    expect(ended.stderr).toMatch(/another takes its place.*this thread was made to crash/)
    expect(ended.stderr).toMatch(/app\.config\.ts/)
  })

  it('writes for every record its output once', () => {
    expect(outputs).toEqual(expected)
    expect([...expected.values()].flat()).toHaveLength(6_001)
  })

  it('answers for every key of every thread, and for all partitions at once', () => {
    expect(read).toEqual(new Map([...expected].map(([key, all]) => [key, all.at(-1)])))
    expect(listed.partitions).toEqual([0, 1, 2, 3, 4, 5])
    expect(new Set(listed.entries.map(({ key }) => key))).toEqual(new Set(keys))
  })

  it('has one set of metrics, by thread', () => {
    for (const thread of ['thread-1', 'thread-2', 'thread-3']) {
      expect(metrics).toMatch(
        new RegExp(`millrace_worker_tasks{application="threads",thread="${thread}"} 2`),
      )
    }
  })

  it('is drained by SIGTERM', () => {
    expect(ended.code).toBe(0)
  })
})

async function committedTotals(broker: Broker): Promise<Map<string, Total[]>> {
  const found = new Map<string, Total[]>()
  await using fetcher = broker.openFetcher({ isolation: 'read_committed' })
  fetcher.assign(beginnings(totals.name, partitions))
  const ends = await broker.listOffsets(
    beginnings(totals.name, partitions),
    'latest',
    'read_committed',
  )
  const positions = new Map<number, number>()
  while (ends.some(({ partition, offset }) => (positions.get(partition) ?? 0) < offset)) {
    for (const { partition, records, nextOffset } of await fetcher.poll({ timeoutMs: 1_000 })) {
      positions.set(partition, nextOffset)
      while (records.next()) {
        const { buffer, keyStart, keyEnd, valueStart, valueEnd } = records
        const key = buffer.toString('utf8', keyStart, keyEnd)
        const value = JSON.parse(buffer.toString('utf8', valueStart, valueEnd)) as Total
        found.set(key, [...(found.get(key) ?? []), value])
      }
    }
  }
  return found
}
