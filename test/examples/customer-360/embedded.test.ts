import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  startApplications,
  type Applications,
} from '../../../examples/customer-360/applications.ts'
import { Workers } from '../../../examples/customer-360/dashboard/workers.ts'
import { PurchasePublisher } from '../../../examples/customer-360/publisher.ts'
import { inEventOrder, readPurchaseLog } from '../../../examples/customer-360/purchase-log.ts'
import { topicsToCreate, winBacks } from '../../../examples/customer-360/topics.ts'
import { untilProcessed } from '../../../examples/customer-360/until-processed.ts'
import {
  customerSummary,
  shopTotals,
} from '../../../examples/customer-360/topologies/customer-360.ts'
import { unitsSold } from '../../../examples/customer-360/topologies/inventory.ts'
import { loyalty } from '../../../examples/customer-360/topologies/loyalty.ts'
import { EmbeddedBroker, type EmbeddedClient } from '../../../src/broker/embedded/index.ts'
import type { BrokerConnector } from '../../../src/broker/connector.ts'
import { silentLogger } from '../../../src/core/logger.ts'
import type { KafkaStreams } from '../../../src/kafka-streams.ts'
import { avro, inProcessSchemaRegistry } from '../../../src/serdes/avro/index.ts'
import { bindSerde } from '../../../src/serdes/serde.ts'
import { WinBackOffered } from '../../../examples/customer-360/generated/schemas.ts'
import { brokenRecords, injectBroken, type BrokenRecord } from './broken-records.ts'
import * as expected from './expected.ts'
import { eventually } from '../../runtime/worker-harness.ts'
import { readTopic } from './read-topic.ts'

const log = inEventOrder(readPurchaseLog())

describe('the Customer 360 on the embedded broker, exactly once, a worker killed mid-way', () => {
  const schemaRegistry = inProcessSchemaRegistry()
  const folder = mkdtempSync(join(tmpdir(), 'customer-360-'))
  let broker: EmbeddedBroker
  let survivors: Applications
  let broken: BrokenRecord[]
  let restored = 0
  let processedByTheKilled = 0

  const start = (connector: BrokerConnector, stateDir: string): Promise<Applications> =>
    startApplications({
      broker: connector,
      schemaRegistry,
      processingGuarantee: 'exactly_once',
      httpPort: 0,
      logger: silentLogger,
      stateDir,
      settings: { sessionTimeoutMs: 1_000, heartbeatIntervalMs: 100 },
    })

  beforeAll(async () => {
    broker = new EmbeddedBroker()
    await broker.open().createTopics(topicsToCreate)
    broken = await brokenRecords(schemaRegistry)
    const clients: EmbeddedClient[] = []
    const killable: BrokerConnector = {
      name: 'embedded',
      open: (environment) => {
        const client = broker.open(environment)
        clients.push(client)
        return client
      },
    }
    const killed = await start(killable, join(folder, 'killed'))
    const publisher = await PurchasePublisher.open({ broker, schemaRegistry })
    await publisher.publishAll(log.slice(0, 30_000))
    await injectBroken(broken, { broker, schemaRegistry })
    const publishing = publisher.publishAll(log.slice(30_000))
    while (committed(killed.customer360) < 10_000) await sleep(1)
    for (const client of clients) client.crash()
    processedByTheKilled = committed(killed.customer360)
    await publishing
    // Its process would be gone: nothing may be committed, and its state folder stays behind as it is.
    await Promise.all(killed.all.map((app) => app.close({ timeoutMs: 0 })))
    survivors = await start(broker, join(folder, 'survivor'))
    restored = survivors.customer360.status().tasks.reduce((sum, task) => sum + task.restored, 0)
    const workers = new Workers(() => [survivors.customer360.httpUrl!])
    await untilProcessed(workers, log.length, () => {})
    await publisher.close()
    // The other applications get there at their own pace; each is waited for by what it has to have in the end.
    const [, ofLoyalty, ofInventory] = survivors.all
    await eventually(async () => {
      expect(await sumOver(ofLoyalty!.view(loyalty), (each) => each.totalPoints)).toBe(
        [...expected.expectedPoints(log).values()].reduce((sum, points) => sum + points, 0n),
      )
      expect(await sumOver(ofInventory!.view(unitsSold), (each) => each.purchases)).toBe(
        BigInt(log.length),
      )
      const offers = await readTopic(broker, winBacks.name)
      expect(offers.length).toBeGreaterThanOrEqual(expected.expectedWinBacks(log).length)
    }, 60_000)
  }, 120_000)

  afterAll(async () => {
    await survivors?.close()
    await broker?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('was really killed mid-way, and its state restored by another', () => {
    expect(processedByTheKilled).toBeGreaterThanOrEqual(10_000)
    expect(processedByTheKilled).toBeLessThan(log.length)
    expect(restored).toBeGreaterThan(1_000)
  })

  it('has every customer to the cent', async () => {
    const found = new Map<string, unknown>()
    for await (const { key, value } of survivors.customer360.view(customerSummary).range()) {
      found.set(key, value)
    }
    expect(found.size).toBe(23_570)
    expect(found).toEqual(expected.expectedSummaries(log))
  })

  it('has the totals, repeated lines and purchases of the value zero included', async () => {
    const view = survivors.customer360.view(shopTotals)
    expect((await view.get('all'))?.value).toEqual(expected.expectedTotals(log))
    expect((await view.get('all'))?.value.purchases).toBe(69_659)
  })

  it('has the loyalty points of every customer', async () => {
    const found = new Map<string, bigint>()
    for await (const { key, value } of survivors.all[1]!.view(loyalty).range()) {
      found.set(key, value.totalPoints)
    }
    expect(found).toEqual(expected.expectedPoints(log))
  })

  it('has the units sold of every month', async () => {
    const found = new Map<string, unknown>()
    for await (const { key, value } of survivors.all[2]!.view(unitsSold).range()) {
      found.set(key, value)
    }
    expect(found).toEqual(expected.expectedMonths(log))
  })

  it('offered each return after 90 silent days once', async () => {
    const serde = bindSerde(avro(WinBackOffered), { schemaRegistry })
    const records = await readTopic(broker, winBacks.name)
    const values = records.map((record) => record.value!)
    const context = { topic: winBacks.name, part: 'value' } as const
    await serde.resolve?.(values, context)
    const offers = values.map((value) => serde.deserialize(value, context))
    const byCustomer = (a: WinBackOffered, b: WinBackOffered): number =>
      a.customerId < b.customerId
        ? -1
        : a.customerId > b.customerId
          ? 1
          : a.returnedAt - b.returnedAt
    expect(offers.sort(byCustomer)).toEqual(expected.expectedWinBacks(log).sort(byCustomer))
  })

  it.each(['customer-360', 'loyalty', 'inventory', 'marketing'])(
    'keeps each broken record as a dead letter of %s, once, with its cause',
    async (applicationId) => {
      const letters = await readTopic(broker, `${applicationId}-dead-letters`)
      expect(letters).toHaveLength(broken.length)
      for (const { value, cause } of broken) {
        const letter = letters.find((each) => each.value!.equals(value))
        expect(letter?.headers['__streams.errors.message']).toMatch(cause)
        expect(letter?.headers['__streams.errors.topic']).toBe('purchases')
        expect(letter?.headers['__streams.errors.offset']).toMatch(/^\d+$/)
      }
    },
  )
})

/** How many input records of all tasks are committed. */
function committed(app: KafkaStreams): number {
  return app
    .status()
    .tasks.flatMap((task) => task.partitions)
    .filter((partition) => partition.topic === 'purchases')
    .reduce((sum, partition) => sum + (partition.committedOffset ?? 0), 0)
}

async function sumOver<V>(
  view: { range(): AsyncIterable<{ readonly value: V }> },
  of: (value: V) => bigint,
): Promise<bigint> {
  let sum = 0n
  for await (const { value } of view.range()) sum += of(value)
  return sum
}
