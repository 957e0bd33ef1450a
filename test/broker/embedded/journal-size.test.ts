import { expect, it } from 'vitest'
import type { EmbeddedClient } from '../../../src/broker/embedded/index.ts'
import type { Producer } from '../../../src/broker/port.ts'
import { onlyMember } from '../contract/group-driving.ts'
import { partitionsOf, readAll, valuesOf } from '../contract/reading.ts'
import { brokerOn, copyOf, journalOf, temporaryFolder } from './folder.ts'

const config = { 'cleanup.policy': 'compact' }

async function writeMuch(client: EmbeddedClient): Promise<Producer> {
  await client.createTopics([
    { name: 'table', partitions: 1, config },
    { name: 'purged', partitions: 2 },
    { name: 'kept', partitions: 1 },
  ])
  const producer = await client.openProducer({ transactionalId: 'tx', batchBytes: 2_000 })
  const filler = 'x'.repeat(100)
  for (let round = 0; round < 200; round++) {
    producer.beginTransaction()
    for (let number = 0; number < 100; number++) {
      const value = Buffer.from(`${round} ${number} ${filler}`)
      producer.send('table', 0, round, Buffer.from(`key-${number % 20}`), value)
      producer.send('purged', 1, round, null, value)
    }
    const headers = [{ key: 'round', value: Buffer.from(String(round)) }]
    producer.send('kept', 0, round, null, Buffer.from(String(round)), headers)
    await producer.flush()
    if (round % 10 === 9) await producer.abortTransaction()
    else await producer.commitTransaction()
  }
  const membership = client.openGroup(onlyMember('group'))
  await membership.join()
  await membership.commitOffsets([{ topic: 'kept', partition: 0, offset: 7, metadata: 'm' }])
  return producer
}

async function contentsOf(client: EmbeddedClient): Promise<unknown> {
  const partitions = [
    ...partitionsOf('table'),
    ...partitionsOf('purged', 2),
    ...partitionsOf('kept'),
  ]
  const contents: unknown[] = [
    await client.listTopics(),
    await client.committedOffsets('group', partitionsOf('kept')),
    await readAll(client, 'purged', 'read_uncommitted'),
    await readAll(client, 'kept'),
    valuesOf(await readAll(client, 'kept', 'read_uncommitted')),
    tableOf(await readAll(client, 'table')),
  ]
  for (const place of ['earliest', 'latest', { timestampMs: 150 }] as const) {
    contents.push(await client.listOffsets(partitions.slice(1), place, 'read_committed'))
  }
  return contents
}

function tableOf(
  records: readonly { readonly key: string | null; readonly value: string | null }[],
): unknown {
  return [...new Map(records.map(({ key, value }) => [key, value]))].toSorted()
}

it('what is no more leaves the file of an embedded broker when it is opened, the rest stays what it was', async () => {
  const folder = temporaryFolder()
  let before: unknown
  {
    await using broker = brokerOn(folder)
    const client = broker.open()
    await writeMuch(client)
    const [, end] = await client.listOffsets(
      partitionsOf('purged', 2),
      'latest',
      'read_uncommitted',
    )
    await client.deleteRecords([end!])
    broker.compact('table')
    before = await contentsOf(client)
  }
  const { bytes } = journalOf(folder)
  const sizes: number[] = []
  for (let life = 0; life < 3; life++) {
    await using broker = brokerOn(folder)
    // Replaying brings superseded records back; compacting is what takes them away again.
    broker.compact('table')
    expect(await contentsOf(broker.open())).toEqual(before)
    sizes.push(journalOf(folder).bytes)
  }
  expect(bytes).toBeGreaterThan(4_000_000)
  expect(sizes.at(-1)).toBeLessThan(bytes * 0.7)
  // What follows is written after what was kept, and read with it.
  {
    await using broker = brokerOn(folder)
    const client = broker.open()
    const producer = await client.openProducer({ transactionalId: 'tx' })
    producer.beginTransaction()
    producer.send('kept', 0, 999, null, Buffer.from('next'))
    producer.send('purged', 1, 999, null, Buffer.from('next'))
    await producer.commitTransaction()
    expect(producer.lastOffset('purged', 1)).toBe(200 * 101)
  }
  await using broker = brokerOn(copyOf(folder))
  expect(valuesOf(await readAll(broker.open(), 'purged'))).toEqual(['next'])
  const kept = valuesOf(await readAll(broker.open(), 'kept'))
  expect([kept.length, kept.at(-1)]).toEqual([181, 'next'])
})
