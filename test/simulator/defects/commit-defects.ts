import type { Broker, CommittedOffset, GroupMembership, Producer } from 'millrace/broker/embedded'
import { GroupOffsets } from '../../../src/broker/embedded/group-offsets.ts'
import { Transactions } from '../../../src/broker/embedded/transactions.ts'
import { BrokerTimeoutError } from '../../../src/core/errors.ts'
import type { Defect } from './defect.ts'
import { overriding, replaceMethod } from './overriding.ts'

/** Changes the transactional producers that a worker opens. */
function withProducers(
  change: (producer: Producer, broker: Broker) => Partial<Producer>,
): NonNullable<Defect['options']> {
  return () => ({
    wrapBroker: (broker) =>
      overriding(broker, {
        async openProducer(options) {
          const producer = await broker.openProducer(options)
          if (options.transactionalId === undefined) return producer
          return overriding(producer, change(producer, broker))
        },
      }),
  })
}

function moved(offsets: readonly CommittedOffset[], by: number): CommittedOffset[] {
  return offsets.map((each) => ({ ...each, offset: Math.max(0, each.offset + by) }))
}

const offsetsBeforeData: Defect = {
  name: 'offsets are committed before the transaction that they belong to',
  options: () => ({
    wrapBroker(broker) {
      let membership: GroupMembership | undefined
      return overriding(broker, {
        openGroup(options) {
          membership = broker.openGroup(options)
          return membership
        },
        async openProducer(options) {
          const producer = await broker.openProducer(options)
          if (options.transactionalId === undefined) return producer
          return overriding(producer, {
            sendOffsets: (member, offsets) => membership!.commitOffsets(offsets, member),
          })
        },
      })
    },
  }),
}

const offsetTooHigh: Defect = {
  name: 'the committed offset is one too high',
  options: withProducers((producer) => ({
    sendOffsets: (member, offsets, renew) => producer.sendOffsets(member, moved(offsets, 1), renew),
  })),
}

const offsetTooLow: Defect = {
  name: 'reading begins one before the committed offset',
  options: () => ({
    wrapBroker: (broker) =>
      overriding(broker, {
        async committedOffsets(groupId, partitions, options) {
          return moved(await broker.committedOffsets(groupId, partitions, options), -1)
        },
      }),
  }),
}

const pendingOverlooked: Defect = {
  name: 'committed offsets are read while a transaction that moves them is open',
  install: () => replaceMethod(GroupOffsets.prototype, 'hasPending', () => () => false),
}

const generationUnchecked: Defect = {
  name: 'offsets of a generation that has passed are taken',
  install: () =>
    replaceMethod(
      Transactions.prototype,
      'sendOffsets',
      (original) =>
        function (this: Transactions, identity, group, member, offsets) {
          const lenient = overriding(group, { check: () => undefined as never })
          original.call(this, identity, lenient, member, offsets)
        },
    ),
}

const epochShared: Defect = {
  name: 'a request of one transaction that comes late is taken for one of the next',
  install: () =>
    replaceMethod(Transactions.prototype, 'nextIdentity', () => (identity) => identity),
}

const staleProducer: Defect = {
  name: 'a producer that was fenced goes on being used',
  options: () => ({
    wrapBroker(broker) {
      let first: Promise<Producer> | undefined
      return overriding(broker, {
        openProducer(options) {
          first ??= broker
            .openProducer(options)
            .then((producer) => overriding(producer, { close: () => Promise.resolve() }))
          return first
        },
      })
    },
  }),
}

const unknownTakenForDone: Defect = {
  name: 'a commit of unknown outcome is taken for done',
  options: withProducers((producer) => ({
    async commitTransaction() {
      try {
        await producer.commitTransaction()
      } catch (error) {
        if (!(error instanceof BrokerTimeoutError)) throw error
        await producer.abortTransaction()
      }
    },
  })),
}

const sentAgain: Defect = {
  name: 'a transaction is sent again when its answer is lost',
  options: withProducers((producer) => {
    type Sent = Parameters<Producer['send']>
    let sent: Sent[] = []
    return {
      send(...record) {
        sent.push(record)
        producer.send(...record)
      },
      async commitTransaction() {
        const records = sent
        sent = []
        try {
          await producer.commitTransaction()
        } catch (error) {
          if (!(error instanceof BrokerTimeoutError)) throw error
          await producer.abortTransaction()
          producer.beginTransaction()
          for (const record of records) producer.send(...record)
          await producer.commitTransaction()
        }
      },
    }
  }),
}

const abortCommits: Defect = {
  name: 'an abort commits',
  options: withProducers((producer) => ({
    async abortTransaction() {
      await producer.commitTransaction().catch(() => producer.abortTransaction())
    },
  })),
}

const offsetsUnflushed: Defect = {
  name: 'at least once: offsets are committed before the outputs are acknowledged',
  options: () => ({
    wrapBroker: (broker) =>
      overriding(broker, {
        async openProducer(options) {
          const producer = await broker.openProducer(options)
          if (options.transactionalId !== undefined) return producer
          return overriding(producer, {
            async flush() {
              producer.flush().catch(() => undefined)
            },
          })
        },
      }),
  }),
}

const purgedTooFar: Defect = {
  name: 'records of repartition topics are deleted before they are processed',
  options: () => ({
    wrapBroker: (broker) =>
      overriding(broker, {
        deleteRecords: (before) =>
          broker.deleteRecords(before.map((each) => ({ ...each, offset: each.offset + 2 }))),
      }),
  }),
}

export const commitDefects: readonly Defect[] = [
  offsetsBeforeData,
  offsetTooHigh,
  offsetTooLow,
  pendingOverlooked,
  generationUnchecked,
  epochShared,
  staleProducer,
  unknownTakenForDone,
  sentAgain,
  abortCommits,
  offsetsUnflushed,
  purgedTooFar,
]
