import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { EmbeddedBroker, EmbeddedClient } from '../../../src/broker/embedded/index.ts'
import { onlyMember } from '../contract/group-driving.ts'
import { partitionsOf, readAll, valuesOf } from '../contract/reading.ts'
import { brokerOn, journalOf, temporaryFolder } from './folder.ts'
import { sendPairs } from './virtual-broker.ts'

const topics = ['kept', 'purged', 'compacted'] as const
const large = 2_000_000

/** Leaves much behind that is dead, and something of every kind that is alive. */
async function fill(client: EmbeddedClient): Promise<void> {
  await client.createTopics([
    { name: 'kept', partitions: 1 },
    { name: 'purged', partitions: 2 },
    { name: 'compacted', partitions: 1, config: { 'cleanup.policy': 'compact' } },
    { name: 'deleted', partitions: 1 },
  ])
  const plain = await client.openProducer({})
  const headers = [{ key: 'h', value: Buffer.from('header') }]
  plain.send('kept', 0, 7, Buffer.from('key'), Buffer.from('value'), headers)
  plain.send('kept', 0, 8, null, null)
  for (let number = 0; number < large / 1_000; number++) {
    for (const topic of ['purged', 'deleted']) {
      plain.send(topic, 0, number, null, Buffer.alloc(1_000, number))
    }
  }
  for (let number = 0; number < 10_050; number++) {
    plain.send('compacted', 0, number, Buffer.from(`k${number % 10}`), Buffer.from(`${number}`))
  }
  await plain.flush()
  await client.deleteTopics(['deleted'])
  await client.deleteRecords([{ topic: 'purged', partition: 0, offset: large / 1_000 - 1 }])
  const membership = client.openGroup(onlyMember('group'))
  await membership.join()
  const transactional = await client.openProducer({ transactionalId: 'tx' })
  for (const [text, commit] of [['aborted', false] as const, ['committed', true] as const]) {
    transactional.beginTransaction()
    sendPairs(transactional, 'kept', [`key=${text}`])
    await transactional.flush()
    const offset = { topic: 'purged', partition: 0, offset: 5, metadata: text }
    await transactional.sendOffsets(membership.identity(), [offset])
    if (commit) await transactional.commitTransaction()
    else await transactional.abortTransaction()
  }
}

async function contentsOf(broker: EmbeddedBroker): Promise<unknown[]> {
  const client = broker.open()
  const contents: unknown[] = [await client.listTopics()]
  for (const topic of topics) {
    const partitions = partitionsOf(topic)
    for (const isolation of ['read_committed', 'read_uncommitted'] as const) {
      contents.push(
        await readAll(client, topic, isolation),
        await client.listOffsets(partitions, 'earliest', isolation),
        await client.listOffsets(partitions, 'latest', isolation),
        await client.listOffsets(partitions, { timestampMs: 8 }, isolation),
      )
    }
    contents.push(await client.committedOffsets('group', partitions))
  }
  await client.close()
  return contents
}

describe('a journal that is mostly about what is no more', () => {
  it('is written anew at the next start, and says the same', async () => {
    const folder = temporaryFolder()
    let contents: unknown[]
    {
      await using broker = brokerOn(folder)
      await fill(broker.open())
      contents = await contentsOf(broker)
    }
    expect(journalOf(folder).bytes).toBeGreaterThan(2 * large)
    {
      await using broker = brokerOn(folder)
      expect(await contentsOf(broker)).toEqual(contents)
      expect(journalOf(folder).bytes).toBeLessThan(large / 5)
    }
    await using broker = brokerOn(folder)
    expect(await contentsOf(broker)).toEqual(contents)
  })

  it('is gone on with where it ended: offsets, transactions that are open, transactional ids', async () => {
    const folder = temporaryFolder()
    {
      await using broker = brokerOn(folder)
      await fill(broker.open())
    }
    {
      await using broker = brokerOn(folder)
      const client = broker.open()
      const open = await client.openProducer({ transactionalId: 'open' })
      open.beginTransaction()
      sendPairs(open, 'kept', ['k=open'])
      await open.flush()
      const next = await client.openProducer({ transactionalId: 'tx' })
      next.beginTransaction()
      sendPairs(next, 'kept', ['k=next'])
      await next.commitTransaction()
      expect(next.lastOffset('kept', 0)).toBe(7)
    }
    await using broker = brokerOn(folder)
    const client = broker.open()
    expect(valuesOf(await readAll(client, 'kept'))).toEqual(['value', null, 'committed', 'next'])
    const uncommitted = await readAll(client, 'kept', 'read_uncommitted')
    expect(uncommitted.map(({ offset }) => offset)).toEqual([0, 1, 2, 4, 6, 7])
  })

  it('is not disturbed by one that was being written when the process ended', async () => {
    const folder = temporaryFolder()
    {
      await using broker = brokerOn(folder)
      await fill(broker.open())
    }
    const path = join(folder, 'journal.new')
    writeFileSync(path, 'half of an ent')
    await using broker = brokerOn(folder)
    expect(await readAll(broker.open(), 'kept')).toHaveLength(3)
    expect(existsSync(path)).toBe(false)
  })
})
