import { expect, it } from 'vitest'
import type { Cluster } from '../../../src/broker/kafkajs/cluster/cluster.ts'
import { Coordinator } from '../../../src/broker/kafkajs/cluster/coordinator.ts'
import { codes } from '../../../src/broker/kafkajs/protocol/error-codes.ts'
import { heartbeat } from '../../../src/broker/kafkajs/protocol/heartbeat.ts'
import type { BrokerConnection } from '../../../src/broker/kafkajs/transport/broker-connection.ts'
import { Channel } from '../../../src/broker/kafkajs/transport/channel.ts'

/** Answers nothing until it is destroyed. */
function silentConnection(): BrokerConnection {
  const rejections: ((reason: Error) => void)[] = []
  const connection = {
    usable: true,
    send: () => new Promise((_, reject) => rejections.push(reject)),
    destroy(reason: Error) {
      for (const reject of rejections) reject(reason)
    },
  }
  return connection as unknown as BrokerConnection
}

it('a worker ended when one of two requests found that the coordinator had moved', async () => {
  const channel = new Channel(() => Promise.resolve(silentConnection()))
  const cluster = {
    sendToAny: () =>
      Promise.resolve({ errorCode: 0, errorMessage: null, coordinator: { nodeId: 1 } }),
    brokerIds: () => [1],
    channel: () => channel,
    release: (released: Channel, reason?: Error) => released.close(reason),
  }
  const coordinator = new Coordinator(cluster as unknown as Cluster, 'transaction', 'tx')
  const member = { groupId: 'group', memberId: 'm', generationId: 1 }
  const waiting = coordinator.send(heartbeat(member))
  await new Promise((resolve) => setImmediate(resolve))
  expect(coordinator.failure(codes.notCoordinator, 'Adding partitions')).toMatchObject({
    retriable: true,
  })
  await expect(waiting).rejects.toMatchObject({
    code: 'MILLRACE_BROKER_UNAVAILABLE',
    retriable: true,
  })
})
