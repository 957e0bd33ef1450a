import { truncateSync } from 'node:fs'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { onlyMember } from '../contract/group-driving.ts'
import { readAll, valuesOf } from '../contract/reading.ts'
import { brokerOn, copyOf, journalOf, temporaryFolder } from './folder.ts'

const transactions = 12

/**
 * One transaction for each number: an output record and the offset after its input. Each second one is aborted first,
 * and done again, as a worker would that lost its tasks.
 */
async function consumeAndProduce(folder: string): Promise<void> {
  await using broker = brokerOn(folder)
  const client = broker.open()
  await client.createTopics([{ name: 'out', partitions: 1 }])
  const membership = client.openGroup(onlyMember('group'))
  await membership.join()
  const producer = await client.openProducer({ transactionalId: 'tx' })
  const attempt = async (number: number): Promise<void> => {
    producer.beginTransaction()
    producer.send('out', 0, number, null, Buffer.from(String(number)))
    const offset = { topic: 'in', partition: 0, offset: number + 1 }
    await producer.sendOffsets(membership.identity(), [offset])
    await producer.flush()
  }
  for (let number = 0; number < transactions; number++) {
    if (number % 2 === 1) {
      await attempt(number)
      await producer.abortTransaction()
    }
    await attempt(number)
    await producer.commitTransaction()
  }
}

it('whatever was written last when the process ended: outputs and offsets are of the same transactions', async () => {
  const folder = temporaryFolder()
  await consumeAndProduce(folder)
  const { bytes } = journalOf(folder)
  const counts = new Set<number>()
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: bytes }), async (length) => {
      const copy = copyOf(folder)
      truncateSync(journalOf(copy).path, length)
      await using broker = brokerOn(copy)
      const client = broker.open()
      const at = [{ topic: 'in', partition: 0 }]
      const [committed] = await client.committedOffsets('group', at)
      const values = valuesOf(await readAll(client, 'out'))
      const count = committed?.offset ?? 0
      expect(values).toEqual(Array.from({ length: count }, (_, number) => String(number)))
      counts.add(count)
    }),
    { numRuns: 150, examples: [[0], [bytes], [bytes - 1]] },
  )
  expect(counts).toContain(transactions)
  expect(counts.size).toBeGreaterThan(3)
})
