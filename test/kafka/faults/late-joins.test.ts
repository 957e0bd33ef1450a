import { expect, it } from 'vitest'
import { apis } from '../../../src/broker/kafkajs/protocol/api-keys.ts'
import { openBroker } from '../kafka-client.ts'
import { joinedGroup, newTopic } from './joined-group.ts'
import { startProxiedKafka } from './proxied-kafka.ts'

it('a static member was thrown out for good by its own request to join, when that came late', async () => {
  const kafka = await startProxiedKafka()
  try {
    await using broker = openBroker(kafka.address, { requestTimeoutMs: 1_000 })
    const topic = await newTopic(broker, 'late-join')
    // The coordinator is there before it matters.
    await using _first = await joinedGroup(broker, topic)
    kafka.proxy.next(apis.joinGroup.apiKey, 'late')
    const options = { instanceId: 'one', rebalanceTimeoutMs: 1_000 }
    await using member = await joinedGroup(broker, topic, options)
    expect(kafka.proxy.caught).toBe(1)
    const { memberId, groupId } = member.identity()
    await kafka.proxy.deliverLate()
    await expect(member.heartbeat()).rejects.toMatchObject({ brokerCode: 82 })
    expect(await member.join()).toMatchObject({ continuous: false })
    expect(member.identity().memberId).not.toBe(memberId)
    expect(await member.heartbeat()).toBe('stable')
    // There was one such request: whoever comes now is another process.
    await using _other = await joinedGroup(broker, topic, { ...options, groupId })
    await expect(member.join()).rejects.toMatchObject({ brokerCode: 82 })
  } finally {
    await kafka.stop()
  }
})
