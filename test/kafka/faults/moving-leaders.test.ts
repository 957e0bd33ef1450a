import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startKafka, type RunningKafka } from '../../../scripts/services/kafka.ts'
import { kafkajsSettings } from '../../../src/broker/kafkajs/check-options.ts'
import { Cluster } from '../../../src/broker/kafkajs/cluster/cluster.ts'
import {
  findCoordinator,
  type CoordinatorType,
} from '../../../src/broker/kafkajs/protocol/find-coordinator.ts'
import { systemClock } from '../../../src/core/clock.ts'
import { silentLogger } from '../../../src/core/logger.ts'
import { systemRandom } from '../../../src/core/random.ts'
import {
  beginnings,
  numbersOf,
  openBroker,
  readEnded,
  readValues,
  sendNumbers,
  uniqueName,
} from '../kafka-client.ts'
import { joinedGroup } from './joined-group.ts'

// Two brokers that hold everything twice. One of them leads some partitions and coordinates the transactions and the
// group of this test; it stops in good order, comes back and is given its partitions again, and is killed.

const partitions = 4
const perRound = 40
const config = {
  'offsets.topic.replication.factor': '2',
  'transaction.state.log.replication.factor': '2',
  'broker.session.timeout.ms': '3000',
  'broker.heartbeat.interval.ms': '500',
  // The broker that comes back leads again what it is preferred for, soon.
  'leader.imbalance.check.interval.seconds': '1',
}

let first: RunningKafka
let second: RunningKafka
let cluster: Cluster
const folder = mkdtempSync(join(tmpdir(), 'millrace-second-'))

beforeAll(async () => {
  first = await startKafka({ config, heapMb: 384 })
  second = await startKafka({ config, heapMb: 384, join: first, folder })
  cluster = new Cluster({
    settings: kafkajsSettings({ brokers: [first.bootstrap] }, 'observer'),
    clock: systemClock,
    random: systemRandom,
    logger: silentLogger,
  })
})

afterAll(async () => {
  cluster?.close()
  await Promise.all([first, second].map((kafka) => kafka?.stop({ signal: 'SIGKILL' })))
  rmSync(folder, { recursive: true, force: true })
})

/** A name that the broker which comes and goes coordinates. */
async function nameOnSecond(type: CoordinatorType): Promise<string> {
  for (;;) {
    const name = uniqueName(type)
    const { errorCode, coordinator } = await cluster.sendToAny(findCoordinator(type, name))
    if (errorCode === 0 && coordinator.nodeId === second.nodeId) return name
    // The topics of the coordinators are being made at first.
    if (errorCode !== 0) await systemClock.sleep(100)
  }
}

async function leadersOf(topic: string): Promise<readonly number[]> {
  await cluster.refresh([topic])
  return cluster.leadersOf(topic) ?? []
}

it('a producer in a transaction, a fetcher and a group go on while leaders and coordinators move', async () => {
  const topic = uniqueName('moving')
  await using broker = openBroker(first.bootstrap)
  await broker.createTopics([{ name: topic, partitions, replicationFactor: 2 }])
  const transactionalId = await nameOnSecond('transaction')
  const groupId = await nameOnSecond('group')
  await using group = await joinedGroup(broker, topic, { groupId })
  const member = group.identity()
  await using producer = await broker.openProducer({ transactionalId, batchBytes: 2_000 })
  await producer.prepare([topic])
  await using fetcher = broker.openFetcher({ isolation: 'read_committed', maxWaitMs: 50 })
  fetcher.assign(beginnings(topic, partitions))
  let rounds = 0
  const round = async (): Promise<void> => {
    producer.beginTransaction()
    const from = rounds * perRound
    await sendNumbers(producer, topic, from, from + perRound, partitions)
    await producer.sendOffsets(member, [{ topic, partition: 0, offset: rounds + 1 }])
    await producer.commitTransaction()
    expect(await group.heartbeat()).toBe('stable')
    rounds++
  }
  /** Rounds until the change has been made, and some more. */
  const during = async (change: Promise<unknown>): Promise<void> => {
    const made = { isOver: false }
    const over = change.finally(() => (made.isOver = true))
    while (!made.isOver) await round()
    await over
    for (let i = 0; i < 5; i++) await round()
  }
  const untilSecondLeads = async (wanted: boolean): Promise<void> => {
    while ((await leadersOf(topic)).includes(second.nodeId) !== wanted) await systemClock.sleep(200)
  }

  await during(untilSecondLeads(true))
  await during(second.stop({ keepData: true }).then(() => untilSecondLeads(false)))
  const { port } = second
  second = await startKafka({ config, heapMb: 384, join: first, folder, port })
  await during(untilSecondLeads(true))
  await during(
    second.stop({ keepData: true, signal: 'SIGKILL' }).then(() => untilSecondLeads(false)),
  )

  const values = await readValues(fetcher, rounds * perRound)
  for (let partition = 0; partition < partitions; partition++) {
    const expected = numbersOf(partition, partitions, rounds * perRound)
    expect(values.get(partition)).toEqual(expected)
    expect(await readEnded(broker, topic, partition)).toEqual(expected)
  }
  expect(await broker.committedOffsets(groupId, [{ topic, partition: 0 }])).toEqual([
    { topic, partition: 0, offset: rounds },
  ])
  expect(group.identity()).toEqual(member)
}, 240_000)
