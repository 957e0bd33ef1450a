import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { Workers } from '../../examples/customer-360/dashboard/workers.ts'
import { PurchasePublisher } from '../../examples/customer-360/publisher.ts'
import { inEventOrder, readPurchaseLog } from '../../examples/customer-360/purchase-log.ts'
import { topicsToCreate } from '../../examples/customer-360/topics.ts'
import { untilProcessed } from '../../examples/customer-360/until-processed.ts'
import {
  startWorkerProcess,
  type WorkerProcess,
} from '../../examples/customer-360/worker-process.ts'
import {
  startSchemaRegistry,
  type RunningSchemaRegistry,
} from '../../scripts/services/schema-registry.ts'
import { kafkajs } from '../../src/broker/kafkajs/index.ts'
import { createTopics } from '../../src/create-topics.ts'
import type { WorkerStatus } from '../../src/runtime/worker-status.ts'
import { schemaRegistry } from '../../src/serdes/avro/index.ts'
import {
  brokenRecords,
  injectBroken,
  type BrokenRecord,
} from '../examples/customer-360/broken-records.ts'
import { expectedSummaries, expectedTotals } from '../examples/customer-360/expected.ts'
import { readTopic } from '../examples/customer-360/read-topic.ts'

const log = inEventOrder(readPurchaseLog())

describe('the Customer 360 on Kafka: two worker processes, one stopped gracefully mid-way', () => {
  const brokers = inject('kafkaBootstrap')
  const broker = kafkajs({ brokers: [brokers] })
  const folder = mkdtempSync(join(tmpdir(), 'customer-360-kafka-'))
  const running: WorkerProcess[] = []
  let registry: RunningSchemaRegistry
  let survivor: WorkerProcess
  let broken: BrokenRecord[]
  let exitCode: number | null
  let whenStopped: { processed: number; tasksOfSurvivor: number }
  let restoredBySurvivor: number

  const startWorker = async (name: string): Promise<WorkerProcess> => {
    const started = await startWorkerProcess({
      brokers,
      schemaRegistryUrl: registry.url,
      stateDir: join(folder, name),
      onWarning: () => {},
    })
    running.push(started)
    return started
  }

  beforeAll(async () => {
    registry = await startSchemaRegistry()
    await createTopics(broker, topicsToCreate)
    const client = schemaRegistry({ url: registry.url })
    broken = await brokenRecords(client)
    const leaving = await startWorker('leaving')
    survivor = await startWorker('survivor')
    await untilShared(leaving, survivor)
    const both = new Workers(() => [leaving.url, survivor.url])
    const publisher = await PurchasePublisher.open({ broker, schemaRegistry: client })
    await publisher.publishAll(log.slice(0, 30_000))
    await untilProcessed(both, 10_000, () => {})
    await injectBroken(broken, { broker, schemaRegistry: client })
    const publishing = publisher.publishAll(log.slice(30_000))
    const { totals } = await both.overview()
    const tasksOfSurvivor = (await statusOf(survivor)).tasks.length
    whenStopped = { processed: totals.purchases, tasksOfSurvivor }
    exitCode = await leaving.stop()
    await publishing
    const alone = new Workers(() => [survivor.url])
    await untilProcessed(alone, log.length, () => {})
    await untilNothingIsLeft(survivor)
    restoredBySurvivor = (await statusOf(survivor)).tasks.reduce(
      (sum, each) => sum + each.restored,
      0,
    )
    await publisher.close()
    await client.close()
  })

  afterAll(async () => {
    await Promise.all(running.map((each) => each.kill()))
    await registry?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  it('had its tasks shared, and stopped one worker mid-way with a clean exit', async () => {
    expect(whenStopped.processed).toBeGreaterThanOrEqual(10_000)
    expect(whenStopped.processed).toBeLessThan(log.length)
    expect(whenStopped.tasksOfSurvivor).toBeLessThan((await statusOf(survivor)).tasks.length)
    expect(exitCode).toBe(0)
  })

  it('took the state of the stopped worker over', () => {
    expect(restoredBySurvivor).toBeGreaterThan(1_000)
  })

  it('serves every customer over HTTP, to the cent', async () => {
    const expected = expectedSummaries(log)
    expect(expected.size).toBe(23_570)
    const wrong: string[] = []
    const open = [...expected.keys()]
    const ask = async (): Promise<void> => {
      for (let key = open.pop(); key !== undefined; key = open.pop()) {
        const response = await fetch(`${survivor.url}/views/customer-summary/${key}`)
        const { value } = (await response.json()) as { value: unknown }
        if (JSON.stringify(value) !== JSON.stringify(asJson(expected.get(key)!))) wrong.push(key)
      }
    }
    await Promise.all(Array.from({ length: 16 }, ask))
    expect(wrong).toEqual([])
  })

  it('has the totals, which broken records did not move', async () => {
    const { totals } = await new Workers(() => [survivor.url]).overview()
    const { averageBasketCents, ...sums } = totals
    expect(sums).toEqual(asJson(expectedTotals(log)))
    expect(averageBasketCents).toBe('3589')
  })

  it.each(['customer-360', 'loyalty', 'inventory', 'marketing'])(
    'keeps each broken record as a dead letter of %s with its cause',
    async (applicationId) => {
      const letters = await readTopic(broker, `${applicationId}-dead-letters`)
      expect(letters.length).toBeGreaterThanOrEqual(broken.length)
      for (const { value, cause } of broken) {
        const letter = letters.find((each) => each.value!.equals(value))
        expect(letter?.headers['__streams.errors.message']).toMatch(cause)
        expect(letter?.headers['__streams.errors.topic']).toBe('purchases')
      }
    },
  )
})

/** A row as its JSON has it: bigint as decimal text. */
function asJson(row: object): unknown {
  return JSON.parse(
    JSON.stringify(row, (_name, value: unknown) =>
      typeof value === 'bigint' ? value.toString() : value,
    ),
  )
}

async function statusOf(worker: WorkerProcess): Promise<WorkerStatus> {
  return (await (await fetch(`${worker.url}/status`)).json()) as WorkerStatus
}

async function untilShared(...workers: readonly WorkerProcess[]): Promise<void> {
  for (;;) {
    const statuses = await Promise.all(workers.map(statusOf))
    const all = statuses.every(({ state, tasks }) => state === 'running' && tasks.length > 0)
    if (all) return
    await sleep(50)
  }
}

async function untilNothingIsLeft(worker: WorkerProcess): Promise<void> {
  for (;;) {
    const { tasks } = await statusOf(worker)
    if (tasks.every((task) => task.partitions.every((each) => each.lagRecords === 0))) return
    await sleep(50)
  }
}
