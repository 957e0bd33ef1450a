import { StreamsBuilder, topic, type Topology } from 'millrace'
import { string, type Serde } from 'millrace/serdes'
import { TopologyTestDriver } from 'millrace/testing'
import { describe, expect, it } from 'vitest'
import { TaskNetwork } from '../runtime/task-network.ts'
import { CountingMetrics } from '../runtime/task-harness.ts'
import { text } from './golden/topics.ts'

const subscriptions = 'app-join-subscription-registration-topic'
const responses = 'app-join-subscription-response-topic'

/** Rows are "number|key"; without a key there is no foreign key. */
function joined(): Topology {
  const builder = new StreamsBuilder()
  builder
    .table(text('left'), { store: 'left' })
    .join(builder.table(text('right'), { store: 'right' }), (a, b) => `${a}&${b}`, {
      on: (row) => row.split('|')[1] || null,
      name: 'join',
    })
    .toStream()
    .to(text('out'))
  return builder.build()
}

async function network(): Promise<TaskNetwork> {
  return await new TaskNetwork(joined(), { left: 1, right: 1, out: 1 }).open()
}

function put(tasks: TaskNetwork, side: 'left' | 'right', key: string, value: string | null): void {
  tasks.produce(side, { key, value, timestampMs: 1 })
}

/** A row of the left table that is joined with one of the right. */
async function withResult(): Promise<TaskNetwork> {
  const tasks = await network()
  put(tasks, 'right', 'f', 'x')
  put(tasks, 'left', 'k', '1|f')
  await tasks.drain(() => 0)
  expect([...tasks.table('out')]).toEqual([['k', '1|f&x']])
  return tasks
}

describe('the result of a foreign-key join does not stay', () => {
  it('of a row that was deleted and came back under another key before the deletion was answered', async () => {
    await using tasks = await withResult()
    put(tasks, 'left', 'k', null)
    put(tasks, 'left', 'k', '2|g')
    await tasks.next('left')
    await tasks.next('left')
    await tasks.drain(() => 0)
    expect([...tasks.table('out')]).toEqual([])
  })

  it('of a row that lost its key and was deleted before the loss was answered', async () => {
    await using tasks = await withResult()
    put(tasks, 'left', 'k', '2|')
    put(tasks, 'left', 'k', null)
    await tasks.next('left')
    await tasks.next('left')
    await tasks.drain(() => 0)
    expect([...tasks.table('out')]).toEqual([])
  })

  it('of a row that lost its key twice over, the second time before the first was answered', async () => {
    await using tasks = await withResult()
    put(tasks, 'left', 'k', '2|')
    put(tasks, 'left', 'k', '3|')
    await tasks.next('left')
    await tasks.next('left')
    await tasks.drain(() => 0)
    expect([...tasks.table('out')]).toEqual([])
  })

  it('of a row that changed while the deletion of what it was joined with was on its way', async () => {
    await using tasks = await withResult()
    put(tasks, 'right', 'f', null)
    put(tasks, 'left', 'k', '2|f')
    await tasks.next('right')
    await tasks.next('left')
    await tasks.next(subscriptions)
    await tasks.next(responses)
    await tasks.drain(() => 0)
    expect([...tasks.table('out')]).toEqual([])
  })
})

describe('a partitioner of a foreign-key join', () => {
  it('may choose one partition, and no several', async () => {
    const builder = new StreamsBuilder()
    builder.table(text('left')).join(builder.table(text('right')), (a, b) => a + b, {
      on: (row) => row,
      otherPartitioner: () => [0, 0],
    })
    await using driver = await TopologyTestDriver.create(builder.build())
    await expect(async () =>
      driver.input(text('left')).pipe({ key: 'k', value: 'f' }),
    ).rejects.toThrow(/chose 2 partitions of .*-topic; it must choose one/)
  })
})

/** Text, with a note of each topic that it was written for. */
function noting(notes: Set<string>): Serde<string> {
  const inner = string()
  return {
    ...inner,
    serialize(value, context) {
      notes.add(`${context.topic} ${context.part}`)
      return inner.serialize(value, context)
    },
  }
}

describe('a foreign-key join', () => {
  it('tells serdes of the topics that Kafka Streams tells them of', async () => {
    const notes = new Set<string>()
    const serde = noting(notes)
    const builder = new StreamsBuilder()
    const table = (name: string): ReturnType<typeof builder.table<string, string>> =>
      builder.table(topic(name, { key: serde, value: serde }))
    table('left')
      .join(table('right'), (a, b) => a + b, { on: (row) => row, value: serde })
      .toStream()
      .to(topic('out', { key: serde, value: serde }))
    await using driver = await TopologyTestDriver.create(builder.build(), { applicationId: 'app' })
    await driver.input(text('left')).pipe({ key: 'k', value: 'f' })
    await driver.input(text('right')).pipe({ key: 'f', value: 'x' })
    const subscription = 'app-KTABLE-FK-JOIN-SUBSCRIPTION-REGISTRATION-0000000006-topic'
    const response = 'app-KTABLE-FK-JOIN-SUBSCRIPTION-RESPONSE-0000000014-topic'
    expect([...notes].sort()).toEqual([
      `${subscription} key`,
      `${subscription}-fk key`,
      `${subscription}-pk key`,
      `${subscription}-vh value`,
      `${response} key`,
      `${response} value`,
      'app-left-STATE-STORE-0000000000-changelog key',
      'app-left-STATE-STORE-0000000000-changelog value',
      'app-right-STATE-STORE-0000000003-changelog key',
      'app-right-STATE-STORE-0000000003-changelog value',
      'out key',
      'out value',
    ])
  })

  it('counts answers that are stale, and rows without a foreign key', async () => {
    const metrics = new CountingMetrics()
    await using driver = await TopologyTestDriver.create(joined(), { metrics })
    const dropped = (reason: string): number | undefined =>
      metrics.counts.get(`millrace_task_dropped_records_total ${reason}`)
    await driver.input(text('left')).pipe({ key: 'k', value: '1|' })
    expect(dropped('skipped')).toBe(1)
    await driver
      .input('join-subscription-response-topic', { key: string(), value: hex })
      .pipe({ key: 'k', value: `00${'ab'.repeat(16)}78` })
    expect(dropped('stale')).toBe(1)
    expect(driver.output(text('out')).readValues()).toEqual([])
  })

  it('answers subscriptions of Kafka Streams before 3.4, which name no partition', async () => {
    const builder = new StreamsBuilder()
    builder
      .table(text('left'), { store: 'left' })
      .join(builder.table(text('right'), { store: 'right' }), (a, b) => a + b, {
        on: (row) => row,
        name: 'join',
      })
      .toStream()
      .to(text('out'))
    await using driver = await TopologyTestDriver.create(builder.build())
    await driver.input(text('left')).pipe({ key: 'k', value: 'f' })
    const written = driver.output('join-subscription-registration-topic', {
      key: string(),
      value: hex,
    })
    const [bytes] = written.readValues()
    // Version, instruction, 16 bytes of hash, the key, four bytes of partition.
    expect(bytes).toMatch(/^0103[0-9a-f]{32}6b00000000$/)
    const old = `00${bytes!.slice(2, -8)}`
    await driver
      .input('join-subscription-registration-topic', { key: string(), value: hex })
      .pipe({ key: 'f', value: old })
    await driver.input(text('right')).pipe({ key: 'f', value: 'x' })
    expect(driver.output(text('out')).readValues()).toEqual(['fx'])
  })
})

const hex: Serde<string> = {
  name: 'hex',
  serialize: (value) => Buffer.from(value, 'hex'),
  deserialize: (bytes) => bytes.toString('hex'),
}
