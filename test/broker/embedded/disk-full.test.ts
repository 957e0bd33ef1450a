import type * as nodeFs from 'node:fs'
import { expect, it, vi } from 'vitest'
import { BrokerError } from '../../../src/core/errors.ts'
import { onlyMember } from '../contract/group-driving.ts'
import { partitionsOf, readAll, valuesOf } from '../contract/reading.ts'
import { brokerOn, journalOf, temporaryFolder } from './folder.ts'
import { sendPairs } from './virtual-broker.ts'

const disk = vi.hoisted(() => ({ full: false }))

vi.mock('node:fs', async (importOriginal) => {
  const fs = await importOriginal<typeof nodeFs>()
  return {
    ...fs,
    /** A disk that is full takes half of what it is given, then nothing. */
    writeSync(file: number, bytes: Buffer, offset: number): number {
      if (!disk.full) return fs.writeSync(file, bytes, offset)
      fs.writeSync(file, bytes, offset, Math.floor((bytes.length - offset) / 2))
      throw new Error('ENOSPC: no space left on device')
    },
  }
})

it('what a full disk does not take has not happened, and what fits later is kept', async () => {
  const folder = temporaryFolder()
  {
    await using broker = brokerOn(folder)
    const client = broker.open()
    await client.createTopics([{ name: 'topic', partitions: 1 }])
    const membership = client.openGroup(onlyMember('group'))
    await membership.join()
    const transactional = await client.openProducer({ transactionalId: 'tx' })
    transactional.beginTransaction()
    sendPairs(transactional, 'topic', ['k=in a transaction'])
    await transactional.flush()
    const at = { topic: 'topic', partition: 0 }
    await transactional.sendOffsets(membership.identity(), [{ ...at, offset: 5 }])

    disk.full = true
    const refused = await client.openProducer({})
    sendPairs(refused, 'topic', ['k=refused'])
    await expect(refused.flush()).rejects.toThrow(BrokerError)
    await expect(refused.flush()).rejects.toThrow(journalOf(folder).path)
    await expect(transactional.commitTransaction()).rejects.toThrow('ENOSPC')
    await expect(client.createTopics([{ name: 'other', partitions: 1 }])).rejects.toThrow('ENOSPC')
    await expect(client.deleteTopics(['topic'])).rejects.toThrow('ENOSPC')
    const offsets = [{ ...at, offset: 9 }]
    await expect(membership.commitOffsets(offsets)).rejects.toThrow('ENOSPC')
    disk.full = false

    expect(await client.listTopics()).toEqual(['topic'])
    await transactional.abortTransaction()
    transactional.beginTransaction()
    sendPairs(transactional, 'topic', ['k=again'])
    await transactional.sendOffsets(membership.identity(), [{ ...at, offset: 6 }])
    await transactional.commitTransaction()
    expect(valuesOf(await readAll(client, 'topic'))).toEqual(['again'])
    expect(transactional.lastOffset('topic', 0)).toBe(2)
  }
  await using broker = brokerOn(folder)
  const client = broker.open()
  expect(await client.listTopics()).toEqual(['topic'])
  const [record, ...others] = await readAll(client, 'topic')
  expect([record?.value, record?.offset, others]).toEqual(['again', 2, []])
  expect(await client.committedOffsets('group', partitionsOf('topic'))).toMatchObject([
    { offset: 6 },
  ])
})
