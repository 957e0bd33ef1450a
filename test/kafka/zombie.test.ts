import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { long } from 'millrace/serdes'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import type { Broker, Producer } from '../../src/broker/port.ts'
import { partitionForKey } from '../../src/core/murmur2.ts'
import { ChaosWorker, rowsOf } from './chaos/chaos-worker.ts'
import { counts, echoes, maxima, minima, numbers, partitions, sums } from './chaos/topology.ts'
import { verify, type Verdict } from './chaos/verify.ts'
import { openBroker } from './kafka-client.ts'

const inputs = numbersOfPartitions()
const patienceMs = 40_000

describe('a worker that is frozen until another one has its tasks', () => {
  const folder = mkdtempSync(join(tmpdir(), 'zombie-'))
  let broker: Broker
  let producer: Producer
  const enough = new AbortController()
  let frozen: ChaosWorker
  let heir: ChaosWorker
  let takenOver: number
  let verdict: Verdict

  const worker = (name: string): ChaosWorker =>
    new ChaosWorker(name, {
      applicationId: 'zombie',
      bootstrap: inject('kafkaBootstrap'),
      stateDir: join(folder, name),
    })

  const produce = async (): Promise<void> => {
    for (let at = 0; !enough.signal.aborted; at++) {
      const key = Buffer.from(`key-${at % 40}`)
      const value = long().serialize(BigInt(at % 977), { topic: numbers.name, part: 'value' })
      producer.send(numbers.name, partitionForKey(key, partitions), at, key, value)
      await producer.ready()
      if (at % 20 === 0) await sleep(10)
    }
    await producer.flush()
  }

  const processed = async (): Promise<number> =>
    (await broker.committedOffsets('zombie', inputs)).reduce((sum, { offset }) => sum + offset, 0)

  const until = async (condition: () => boolean | Promise<boolean>): Promise<void> => {
    const deadlineMs = performance.now() + patienceMs
    while (!(await condition())) {
      if (performance.now() > deadlineMs) throw new Error(`${frozen.state}\n${heir.state}`)
      await sleep(50)
    }
  }

  const allIsProcessed = async (): Promise<boolean> => {
    const places = [
      ...inputs,
      ...inputs.map((each) => ({ ...each, topic: 'zombie-again-repartition' })),
    ]
    const ends = await broker.listOffsets(places, 'latest', 'read_uncommitted')
    const committed = await broker.committedOffsets('zombie', places)
    const nextOf = (topic: string, partition: number): number =>
      committed.find((each) => each.topic === topic && each.partition === partition)?.offset ?? 0
    return ends.every(({ topic, partition, offset }) => nextOf(topic, partition) >= offset)
  }

  beforeAll(async () => {
    broker = openBroker(inject('kafkaBootstrap'))
    const topics = [numbers, echoes, minima, sums, maxima, counts]
    await broker.createTopics(topics.map(({ name }) => ({ name, partitions })))
    producer = await broker.openProducer({})
    await producer.prepare([numbers.name])
    frozen = worker('frozen')
    heir = worker('heir')
    frozen.start()
    await until(() => frozen.isRunning)
    const production = produce()
    await until(async () => (await processed()) > 1_000)
    frozen.signal('SIGSTOP')
    const before = await processed()
    heir.start()
    await until(async () => heir.isRunning && (await processed()) > before + 1_000)
    takenOver = (await processed()) - before
    frozen.signal('SIGCONT')
    await until(() =>
      /Beginning anew from what was committed|The group no longer has this worker/.test(
        frozen.output,
      ),
    )
    // It is of use again: tasks come back to it.
    await until(async () => ((await frozen.rows())?.length ?? 0) > 0)
    enough.abort()
    await production
    await until(allIsProcessed)
    verdict = await verify(broker, await rowsOf([frozen, heir]))
  }, 180_000)

  afterAll(async () => {
    enough.abort()
    await Promise.all([frozen?.end('SIGKILL'), heir?.end('SIGKILL')])
    await producer?.close()
    await broker?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('finds itself refused, begins anew, and goes on as a member', () => {
    expect(takenOver).toBeGreaterThan(1_000)
    expect(frozen.output).toMatch(
      /UNKNOWN_MEMBER_ID|ILLEGAL_GENERATION|FENCED|INVALID_PRODUCER_EPOCH/,
    )
    expect(frozen.surprises).toEqual([])
  })

  it('leaves every output as if it had never been there', () => {
    const { missing, surplus, wrong, wrongRows, examples } = verdict
    expect({ missing, surplus, wrong, wrongRows, examples }).toEqual({
      missing: 0,
      surplus: 0,
      wrong: 0,
      wrongRows: 0,
      examples: [],
    })
  })
})

function numbersOfPartitions(): { topic: string; partition: number }[] {
  return Array.from({ length: partitions }, (_, partition) => ({ topic: numbers.name, partition }))
}
