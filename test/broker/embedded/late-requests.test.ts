import { describe, expect, it } from 'vitest'
import type { Producer } from '../../../src/broker/port.ts'
import { sendPairs, virtualBroker, type VirtualBroker } from './virtual-broker.ts'

interface LateBroker extends VirtualBroker {
  readonly producer: Producer
  /** What brings the requests of a kind once more. */
  readonly late: Map<string, () => void>
}

const nobody = { groupId: 'group', memberId: '', generationId: -1 }

/** A broker to which each request of a transaction can come once more. */
async function lateBroker(): Promise<LateBroker> {
  const late = new Map<string, () => void>()
  const made = await virtualBroker({
    onRequest(_, request, again) {
      if (again) late.set(request, again)
      return undefined
    },
  })
  const producer = await made.client.openProducer({ transactionalId: 'tx' })
  return { ...made, producer, late }
}

describe('a request that comes to the embedded broker once more, late,', () => {
  it('and ended a transaction does not end half of the next one', async () => {
    const { producer, late, broker, topic } = await lateBroker()
    const { lastStableOffset: none } = broker.partition(topic, 0)
    producer.beginTransaction()
    sendPairs(producer, topic, ['a=1'])
    await producer.commitTransaction()
    const { lastStableOffset: first } = broker.partition(topic, 0)
    producer.beginTransaction()
    sendPairs(producer, topic, ['b=2'])
    await producer.flush()
    late.get('endTxn')!()
    expect(broker.partition(topic, 0).lastStableOffset).toBe(first)
    sendPairs(producer, topic, ['c=3'])
    await producer.commitTransaction()
    expect(first).toBeGreaterThan(none)
    expect(broker.partition(topic, 0).lastStableOffset).toBe(
      broker.partition(topic, 0).highWatermark,
    )
  })

  it('and brought offsets does not bring them to the next transaction', async () => {
    const { producer, late, client, topic } = await lateBroker()
    producer.beginTransaction()
    await producer.sendOffsets(nobody, [{ topic, partition: 0, offset: 1 }])
    const again = late.get('txnOffsetCommit')!
    await producer.commitTransaction()
    producer.beginTransaction()
    await producer.sendOffsets(nobody, [{ topic, partition: 0, offset: 2 }])
    again()
    await producer.commitTransaction()
    const [committed] = await client.committedOffsets('group', [{ topic, partition: 0 }])
    expect(committed?.offset).toBe(2)
  })

  it('and opened a producer fences the one that was opened', async () => {
    const { producer, late, topic } = await lateBroker()
    producer.beginTransaction()
    sendPairs(producer, topic, ['a=1'])
    late.get('initProducerId')!()
    await expect(producer.commitTransaction()).rejects.toMatchObject({ brokerCode: 90 })
  })
})
