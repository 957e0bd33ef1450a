import {
  failOnInvalidTimestamp,
  logAndSkipOnInvalidTimestamp,
  StreamsBuilder,
  topic,
  usePartitionTimeOnInvalidTimestamp,
  wallclockTimestamp,
  type TimestampExtractor,
  type Topology,
} from 'millrace'
import { string } from 'millrace/serdes'
import { TopologyTestDriver } from 'millrace/testing'
import { expect, it } from 'vitest'
import { EmbeddedBroker } from '../../src/broker/embedded/index.ts'
import { checkConfig } from '../../src/check-config.ts'
import { ProcessingError } from '../../src/core/errors.ts'
import type { KafkaStreamsConfig } from '../../src/kafka-streams-config.ts'
import { runningTask, type TaskHarness } from './task-harness.ts'
import { eventually, produce, readAll, startWorker } from './worker-harness.ts'

const serdes = { key: string(), value: string() }
const input = topic('in', serdes)
const output = topic('out', serdes)

function copied(timestampExtractor?: TimestampExtractor<string, string>): Topology {
  const builder = new StreamsBuilder()
  builder.stream(input, { ...(timestampExtractor && { timestampExtractor }) }).to(output)
  return builder.build()
}

async function fed(extractor: TimestampExtractor, ...times: number[]): Promise<TaskHarness> {
  const harness = await runningTask(copied(extractor))
  harness.feed(
    'in',
    times.map((timestampMs) => ({ key: 'k', value: 'v', timestampMs })),
  )
  return harness
}

const sentTimes = ({ collector }: TaskHarness): number[] =>
  collector.sent.map(({ timestampMs }) => timestampMs)

it('failOnInvalidTimestamp takes the record’s time, and ends the task where it has none', async () => {
  await using harness = await fed(failOnInvalidTimestamp, 7, 0, -1, 8)
  expect(() => harness.drain()).toThrow(ProcessingError)
  expect(() => harness.drain()).toThrow(
    /timestamp -1, which is no time.*topic in, partition 0, offset 2/,
  )
  expect(sentTimes(harness)).toEqual([7, 0])
})

it('logAndSkipOnInvalidTimestamp drops records without a time, counted and logged', async () => {
  await using harness = await fed(logAndSkipOnInvalidTimestamp, 7, -1, 8, -1_000)
  await harness.drain()
  expect(sentTimes(harness)).toEqual([7, 8])
  const name = 'millrace_task_dropped_records_total negative-timestamp'
  expect(harness.metrics.counts.get(name)).toBe(2)
  expect(
    harness.logger.messages.filter((message) => /negative timestamp/.test(message)),
  ).toHaveLength(2)
})

it('usePartitionTimeOnInvalidTimestamp gives records without a time the highest before them', async () => {
  await using harness = await fed(usePartitionTimeOnInvalidTimestamp, 7, 20, 9, -1, 30, -1)
  await harness.drain()
  expect(sentTimes(harness)).toEqual([7, 20, 9, 20, 30, 30])
})

it('usePartitionTimeOnInvalidTimestamp ends the task where there is none before', async () => {
  await using harness = await fed(usePartitionTimeOnInvalidTimestamp, -1)
  expect(() => harness.drain()).toThrow(/no record with a time is before it/)
})

it('usePartitionTimeOnInvalidTimestamp goes on from the partition’s time where a task is taken over', async () => {
  await using before = await fed(usePartitionTimeOnInvalidTimestamp, 7, 5)
  await before.drain()
  await using after = await runningTask(copied(usePartitionTimeOnInvalidTimestamp))
  after.task.restorePartitionTimes(before.task.prepareCommit().offsets)
  after.feed('in', [{ key: 'k', value: 'v', timestampMs: -1 }], { from: 2 })
  await after.drain()
  expect(sentTimes(after)).toEqual([7])
})

it('wallclockTimestamp takes the time of the clock', async () => {
  await using harness = await fed(wallclockTimestamp, 7, -1)
  await harness.drain()
  const nowMs = harness.clock.now()
  expect(sentTimes(harness)).toEqual([nowMs, nowMs])
})

it('a test driver moves the time that wallclockTimestamp takes', async () => {
  const options = { startMs: 50, timestampExtractor: wallclockTimestamp }
  await using driver = await TopologyTestDriver.create(copied(), options)
  await driver.input(input).pipe({ key: 'k', value: 'a', timestampMs: 1 })
  await driver.advanceWallClock(25)
  await driver.input(input).pipe({ key: 'k', value: 'b', timestampMs: 2 })
  const times = driver
    .output(output)
    .readRecords()
    .map(({ timestampMs }) => timestampMs)
  expect(times).toEqual([50, 75])
})

it('the default extractor serves sources without one, and no repartition topic', async () => {
  const builder = new StreamsBuilder()
  builder.stream(input).repartition({ name: 'again' }).to(output)
  const own = builder.stream(topic('own', serdes), { timestampExtractor: () => 5 })
  own.to(topic('out-2', serdes))
  const options = { timestampExtractor: ({ value }: { value: unknown }) => Number(value) }
  await using driver = await TopologyTestDriver.create(builder.build(), options)
  await driver.input(input).pipe({ key: 'k', value: '70', timestampMs: 1 })
  await driver.input('own', serdes).pipe({ key: 'k', value: '80', timestampMs: 2 })
  expect(driver.output(output).read()?.timestampMs).toBe(70)
  expect(driver.output('out-2', serdes).read()?.timestampMs).toBe(5)
})

it('a worker takes event times with its default extractor', async () => {
  await using broker = new EmbeddedBroker()
  const client = broker.open()
  await client.createTopics([
    { name: 'in', partitions: 1 },
    { name: 'out', partitions: 1 },
  ])
  await client.close()
  const timestampExtractor: TimestampExtractor = ({ value }) => Number(value)
  const { worker } = await startWorker({ topology: copied(), broker, timestampExtractor })
  await produce(broker, 'in', [{ key: 'k', value: '1234', timestampMs: 1 }])
  await eventually(async () => {
    expect(await readAll(broker, 'out')).toMatchObject([{ value: '1234', timestampMs: 1234 }])
  })
  await worker.close()
})

it('the configuration takes an extractor, and a maxTaskIdleMs from -1', () => {
  const config = { applicationId: 'app', topology: copied(), broker: { open() {} } }
  const check = (more: object) => () =>
    checkConfig({ ...config, ...more } as unknown as KafkaStreamsConfig)
  expect(check({ defaultTimestampExtractor: wallclockTimestamp, maxTaskIdleMs: -1 })).not.toThrow()
  expect(check({ defaultTimestampExtractor: 'wall-clock' })).toThrow(
    /expected a timestamp extractor/,
  )
  expect(check({ maxTaskIdleMs: -2 })).toThrow(/maxTaskIdleMs/)
})
