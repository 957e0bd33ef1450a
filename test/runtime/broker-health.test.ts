import { describe, expect, it } from 'vitest'
import { EmbeddedBroker } from '../../src/broker/embedded/index.ts'
import { systemClock } from '../../src/core/clock.ts'
import { FencedError } from '../../src/core/errors.ts'
import { silentLogger } from '../../src/core/logger.ts'
import { BrokerHealth } from '../../src/runtime/broker-health.ts'
import { SharingAssignor } from '../broker/contract/group-driving.ts'

describe('a watched membership', () => {
  it('commits as the member that it is told, not as the one that it has become since', async () => {
    await using broker = new EmbeddedBroker()
    const client = broker.open()
    await client.createTopics([{ name: 'orders', partitions: 1 }])
    const health = new BrokerHealth('embedded', systemClock, silentLogger)
    await using membership = health.watching(
      client.openGroup({
        groupId: 'group',
        sessionTimeoutMs: 10_000,
        rebalanceTimeoutMs: 10_000,
        assignor: new SharingAssignor('orders', 1, 'alone'),
      }),
    )
    await membership.join()
    const before = membership.identity()
    await membership.join()
    const offsets = [{ topic: 'orders', partition: 0, offset: 1 }]
    await expect(membership.commitOffsets(offsets, before)).rejects.toThrow(FencedError)
    expect(await client.committedOffsets('group', offsets)).toEqual([])
    await membership.commitOffsets(offsets, membership.identity())
    expect(await client.committedOffsets('group', offsets)).toMatchObject(offsets)
  })
})
