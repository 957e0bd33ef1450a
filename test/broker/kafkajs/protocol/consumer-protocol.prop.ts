import { AssignerProtocol } from 'kafkajs'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
} from '../../../../src/broker/kafkajs/protocol/consumer-protocol.ts'

const topic = fc.stringMatching(/^t-[a-z._-]{0,20}$/)
const userData = fc.uint8Array({ maxLength: 50 }).map((bytes) => Buffer.from(bytes))
const subscription = fc.record({ topics: fc.uniqueArray(topic, { maxLength: 5 }), userData })
const partitions = fc
  .dictionary(topic, fc.uniqueArray(fc.nat(1000), { minLength: 1, maxLength: 5 }), { maxKeys: 4 })
  .map((byTopic) =>
    Object.entries(byTopic).flatMap(([name, numbers]) =>
      numbers.map((partition) => ({ topic: name, partition })),
    ),
  )

it('subscriptions come back as they were, here and in kafkajs', () => {
  fc.assert(
    fc.property(subscription, (wanted) => {
      const bytes = encodeSubscription(wanted)
      expect(decodeSubscription('m', null, bytes)).toEqual({ memberId: 'm', ...wanted })
      expect(AssignerProtocol.MemberMetadata.decode(bytes)).toMatchObject({ topics: wanted.topics })
    }),
  )
})

it('assignments come back as they were, here and in kafkajs', () => {
  fc.assert(
    fc.property(fc.record({ partitions, userData }), (given) => {
      const bytes = encodeAssignment(given)
      expect(decodeAssignment(bytes)).toEqual(given)
      const assignment: Record<string, number[]> = {}
      for (const each of given.partitions) (assignment[each.topic] ??= []).push(each.partition)
      expect(AssignerProtocol.MemberAssignment.decode(bytes)?.assignment).toEqual(assignment)
    }),
  )
})

it('no bytes are an assignment of nothing', () => {
  expect(decodeAssignment(Buffer.alloc(0))).toEqual({ partitions: [], userData: Buffer.alloc(0) })
})
