import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { EmbeddedClient } from '../../../src/broker/embedded/index.ts'
import { BrokerError, OffsetOutOfRangeError } from '../../../src/core/errors.ts'
import { onlyMember } from '../contract/group-driving.ts'
import { partitionsOf, readAll, valuesOf, type SeenRecord } from '../contract/reading.ts'
import { appendToJournal, brokerOn, copyOf, journalOf, temporaryFolder } from './folder.ts'
import { sendPairs } from './virtual-broker.ts'

const at = [{ topic: 'topic', partition: 0 }]

/** Writes a little of everything. */
async function fill(client: EmbeddedClient): Promise<void> {
  await client.createTopics([
    { name: 'topic', partitions: 2, config: { 'max.message.bytes': '5000' } },
    { name: 'deleted', partitions: 1 },
  ])
  const plain = await client.openProducer({})
  const headers = [{ key: 'h', value: Buffer.from('header') }]
  plain.send('topic', 0, 123_456_789_012, Buffer.from('key'), Buffer.from('value'), headers)
  plain.send('topic', 0, 0, null, null, [{ key: 'null', value: null }])
  plain.send('topic', 1, 1, Buffer.alloc(0), Buffer.alloc(0))
  plain.send('deleted', 0, 1, null, Buffer.from('gone'))
  await plain.flush()
  await client.deleteTopics(['deleted'])
  const membership = client.openGroup(onlyMember('group'))
  await membership.join()
  await membership.commitOffsets([{ topic: 'topic', partition: 1, offset: 1, metadata: 'm' }])
  const transactional = await client.openProducer({ transactionalId: 'tx' })
  for (const [text, commit] of [
    ['committed', true],
    ['aborted', false],
    ['committed too', true],
  ] as const) {
    transactional.beginTransaction()
    transactional.send('topic', 0, 5, null, Buffer.from(text))
    const offset = { topic: 'topic', partition: 0, offset: commit ? 2 : 99 }
    await transactional.sendOffsets(membership.identity(), [offset])
    await transactional.flush()
    if (commit) await transactional.commitTransaction()
    else await transactional.abortTransaction()
  }
}

interface Contents {
  readonly topics: string[]
  readonly committed: SeenRecord[]
  readonly uncommitted: SeenRecord[]
  readonly offsets: unknown
  readonly ends: unknown
}

async function contentsOf(client: EmbeddedClient): Promise<Contents> {
  const partitions = partitionsOf('topic', 2)
  return {
    topics: await client.listTopics(),
    committed: await readAll(client, 'topic'),
    uncommitted: await readAll(client, 'topic', 'read_uncommitted'),
    offsets: await client.committedOffsets('group', partitions),
    ends: [
      await client.listOffsets(partitions, 'earliest', 'read_committed'),
      await client.listOffsets(partitions, 'latest', 'read_committed'),
      await client.listOffsets(partitions, { timestampMs: 5 }, 'read_committed'),
    ],
  }
}

describe('an embedded broker with a folder', () => {
  it('has everything again after it was closed, and again', async () => {
    const folder = temporaryFolder()
    let before: Contents
    {
      await using broker = brokerOn(folder)
      await fill(broker.open())
      before = await contentsOf(broker.open())
    }
    expect(before.topics).toEqual(['topic'])
    expect(valuesOf(before.committed, 0)).toEqual(['value', null, 'committed', 'committed too'])
    expect(before.uncommitted).toHaveLength(6)
    for (let life = 0; life < 3; life++) {
      await using broker = brokerOn(folder)
      expect(await contentsOf(broker.open())).toEqual(before)
    }
  })

  it('has everything again after its process was killed', async () => {
    const folder = temporaryFolder()
    await using broker = brokerOn(folder)
    await fill(broker.open())
    const before = await contentsOf(broker.open())
    await using next = brokerOn(copyOf(folder))
    expect(await contentsOf(next.open())).toEqual(before)
  })

  it('goes on where it was: offsets, limits, transactional ids', async () => {
    const folder = temporaryFolder()
    {
      await using broker = brokerOn(folder)
      await fill(broker.open())
    }
    await using broker = brokerOn(folder)
    const client = broker.open()
    const [end] = await client.listOffsets(at, 'latest', 'read_committed')
    const producer = await client.openProducer({ transactionalId: 'tx' })
    producer.beginTransaction()
    expect(() => producer.send('topic', 0, 0, null, Buffer.alloc(5_000))).toThrow('5000')
    sendPairs(producer, 'topic', ['k=next'])
    await producer.commitTransaction()
    expect(producer.lastOffset('topic', 0)).toBe(end!.offset)
    expect(valuesOf(await readAll(client, 'topic'), 0).at(-1)).toBe('next')
  })

  it('has aborted what was open when its process was killed, its offsets too', async () => {
    const folder = temporaryFolder()
    await using broker = brokerOn(folder)
    const client = broker.open()
    await fill(client)
    const before = await contentsOf(client)
    const membership = client.openGroup(onlyMember('other-group'))
    await membership.join()
    const producer = await client.openProducer({ transactionalId: 'open' })
    producer.beginTransaction()
    sendPairs(producer, 'topic', ['k=open'])
    await producer.sendOffsets(membership.identity(), [{ ...at[0]!, offset: 1 }])
    await producer.flush()
    await using next = brokerOn(copyOf(folder))
    const after = next.open()
    expect((await contentsOf(after)).committed).toEqual(before.committed)
    expect(await after.committedOffsets('other-group', at)).toEqual([])
    const plain = await after.openProducer({})
    sendPairs(plain, 'topic', ['k=after'])
    await plain.flush()
    expect(valuesOf(await readAll(after, 'topic'), 0).at(-1)).toBe('after')
    const again = await after.openProducer({ transactionalId: 'open' })
    again.beginTransaction()
    sendPairs(again, 'topic', ['k=again'])
    await again.commitTransaction()
    await using last = brokerOn(copyOf(folder))
    expect(valuesOf(await readAll(last.open(), 'topic'), 0)).not.toContain('open')
  })

  it('remembers where records were deleted to', async () => {
    const folder = temporaryFolder()
    {
      await using broker = brokerOn(folder)
      const client = broker.open()
      await fill(client)
      await client.deleteRecords([{ ...at[0]!, offset: 2 }])
    }
    await using broker = brokerOn(folder)
    const client = broker.open()
    expect((await client.listOffsets(at, 'earliest', 'read_committed'))[0]?.offset).toBe(2)
    const fetcher = client.openFetcher({ isolation: 'read_committed' })
    fetcher.assign([{ ...at[0]!, offset: 1 }])
    await expect(fetcher.poll({ timeoutMs: 0 })).rejects.toThrow(OffsetOutOfRangeError)
  })

  it('begins a topic anew that was deleted and made again, its offsets gone', async () => {
    const folder = temporaryFolder()
    {
      await using broker = brokerOn(folder)
      const client = broker.open()
      await fill(client)
      const open = await client.openProducer({ transactionalId: 'open' })
      open.beginTransaction()
      sendPairs(open, 'topic', ['k=of the former'])
      await open.flush()
      await client.deleteTopics(['topic'])
      await client.createTopics([{ name: 'topic', partitions: 2 }])
      await open.commitTransaction()
      const plain = await client.openProducer({})
      sendPairs(plain, 'topic', ['k=of the new'])
      await plain.flush()
    }
    await using broker = brokerOn(folder)
    const client = broker.open()
    const [record, ...others] = await readAll(client, 'topic', 'read_uncommitted')
    expect(record).toMatchObject({ offset: 0, value: 'of the new' })
    expect(others).toEqual([])
    expect(await client.committedOffsets('group', partitionsOf('topic', 2))).toEqual([])
  })

  it('cuts off an entry that was being written when it ended, and goes on', async () => {
    const folder = temporaryFolder()
    {
      await using broker = brokerOn(folder)
      await fill(broker.open())
    }
    for (const garbage of [Buffer.alloc(3, 7), Buffer.alloc(4_096)]) {
      const copy = copyOf(folder)
      appendToJournal(copy, garbage)
      let expected: (string | null)[]
      {
        await using broker = brokerOn(copy)
        const client = broker.open()
        const plain = await client.openProducer({})
        sendPairs(plain, 'topic', ['k=after'])
        await plain.flush()
        expected = valuesOf(await readAll(client, 'topic'), 0)
      }
      expect(expected.at(-1)).toBe('after')
      await using broker = brokerOn(copy)
      expect(valuesOf(await readAll(broker.open(), 'topic'), 0)).toEqual(expected)
    }
  })

  it('refuses a file with damage before its last entry, and names it', async () => {
    const folder = temporaryFolder()
    {
      await using broker = brokerOn(folder)
      const client = broker.open()
      await fill(client)
    }
    const undamaged = journalOf(folder)
    {
      await using broker = brokerOn(folder)
      const plain = await broker.open().openProducer({})
      sendPairs(plain, 'topic', [`k=${'last entry '.repeat(50)}`])
      await plain.close()
    }
    const bytes = readFileSync(undamaged.path)
    expect(bytes.length).toBeGreaterThan(undamaged.bytes)
    for (let position = 0; position < undamaged.bytes; position += 13) {
      const copy = copyOf(folder)
      const damaged = Buffer.from(bytes)
      damaged[position]! ^= 0x41
      const { path } = journalOf(copy)
      writeFileSync(path, damaged)
      const open = (): unknown => brokerOn(copy)
      expect(open, `byte ${position}`).toThrow(BrokerError)
      expect(open, `byte ${position}`).toThrow(copy)
    }
  })

  it('holds partitions that were added, with what is in the old ones and the new', async () => {
    const folder = temporaryFolder()
    const first = brokerOn(folder)
    const client = first.open()
    await client.createTopics([{ name: 'grown', partitions: 1 }])
    const producer = await client.openProducer({})
    producer.send('grown', 0, 1, null, Buffer.from('before'))
    await producer.flush()
    first.addPartitions('grown', 3)
    expect(() => first.addPartitions('grown', 3)).toThrow(/grown has 3 partitions; it can be given/)
    producer.send('grown', 2, 2, null, Buffer.from('after'))
    await producer.close()
    await first.close()
    const second = brokerOn(folder)
    const reopened = second.open()
    expect((await reopened.describeTopics(['grown'])).get('grown')?.partitions).toBe(3)
    const records = await readAll(reopened, 'grown')
    expect(valuesOf(records)).toEqual(['before', 'after'])
    await second.close()
  })
})
