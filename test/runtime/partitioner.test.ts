import { StreamsBuilder, topic, type StreamPartitioner, type Topology } from 'millrace'
import { string } from 'millrace/serdes'
import { TopologyTestDriver } from 'millrace/testing'
import { describe, expect, it } from 'vitest'
import { EmbeddedBroker } from '../../src/broker/embedded/index.ts'
import { ProductionError } from '../../src/core/errors.ts'
import { runningTask } from './task-harness.ts'
import { eventually, produce, readAll, startWorker } from './worker-harness.ts'

const serdes = { key: string(), value: string() }
const input = topic('in', serdes)

function sentBy(partitioner: StreamPartitioner<string, string>): Topology {
  const builder = new StreamsBuilder()
  builder.stream(input).to(topic('out', serdes), { partitioner })
  return builder.build()
}

/** All partitions for "all", none for "none", what Kafka does for others. */
const byValue: StreamPartitioner<string, string> = (_topic, _key, value, partitions) => {
  if (value === 'all') return Array.from({ length: partitions }, (_, i) => i)
  if (value === 'some') return [2, 0, 2]
  return value === 'none' ? [] : undefined
}

describe('a partitioner that chooses several partitions', () => {
  it('sends a copy to each of them, once', async () => {
    await using harness = await runningTask(sentBy(byValue))
    harness.feed('in', [
      { key: 'k', value: 'all', timestampMs: 1 },
      { key: 'k', value: 'some', timestampMs: 2 },
      { key: 'k', value: 'other', timestampMs: 3 },
    ])
    await harness.drain()
    const sent = harness.collector.sent.map(({ value, partition }) => `${value} ${partition}`)
    expect(sent).toEqual([
      'all 0',
      'all 1',
      'all 2',
      'all 3',
      'some 2',
      'some 0',
      'other undefined',
    ])
  })

  it('drops a record for which it chooses none, which is counted and logged', async () => {
    await using harness = await runningTask(sentBy(byValue))
    harness.feed('in', [{ key: 'k', value: 'none', timestampMs: 1 }])
    await harness.drain()
    expect(harness.collector.sent).toEqual([])
    expect(harness.metrics.counts.get('millrace_task_dropped_records_total skipped')).toBe(1)
    expect(harness.logger.messages).toEqual([
      expect.stringMatching(/KSTREAM-SINK-0000000001 chose no partition/),
    ])
  })

  it('sends nothing where one of them is none of the topic', async () => {
    await using harness = await runningTask(sentBy(() => [1, 4]))
    harness.feed('in', [{ key: 'k', value: 'v', timestampMs: 1 }])
    expect(() => harness.drain()).toThrow(ProductionError)
    expect(() => harness.drain()).toThrow(/chose partition 4, but the topic has partitions 0 to 3/)
    expect(harness.collector.sent).toEqual([])
  })

  it('sends copies to a repartition topic of its own width, each processed in its task', async () => {
    const builder = new StreamsBuilder()
    builder
      .stream(input)
      .repartition({ name: 'wide', partitions: 3, partitioner: byValue })
      .process<string, string>(
        () => ({
          process: (record, context) =>
            context.forward(record.withValue(`${record.value} in ${context.taskId.partition}`)),
        }),
        serdes,
      )
      .to(topic('out', serdes))
    await using broker = new EmbeddedBroker()
    const client = broker.open()
    await client.createTopics([
      { name: 'in', partitions: 1 },
      { name: 'out', partitions: 1 },
    ])
    await client.close()
    const { worker } = await startWorker({ topology: builder.build(), broker })
    await produce(broker, 'in', [
      { key: 'k', value: 'all' },
      { key: 'k', value: 'none' },
      { key: 'k', value: 'some' },
    ])
    await eventually(async () => expect(await readAll(broker, 'out')).toHaveLength(5))
    const values = (await readAll(broker, 'out')).map(({ value }) => value).sort()
    expect(values).toEqual(['all in 0', 'all in 1', 'all in 2', 'some in 0', 'some in 2'])
    await worker.close()
  })

  it('shows in a test driver as the copies that it sends', async () => {
    const options = { partitions: { out: 2 } }
    await using driver = await TopologyTestDriver.create(sentBy(byValue), options)
    await driver.input(input).pipe({ key: 'k', value: 'all', timestampMs: 1 })
    await driver.input(input).pipe({ key: 'k', value: 'none', timestampMs: 2 })
    expect(driver.output('out', serdes).readValues()).toEqual(['all', 'all'])
  })
})
