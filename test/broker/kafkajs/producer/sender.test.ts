import { expect, it } from 'vitest'
import type { Cluster } from '../../../../src/broker/kafkajs/cluster/cluster.ts'
import { BatchWriter } from '../../../../src/broker/kafkajs/codec/batch-writer.ts'
import { PartitionQueue } from '../../../../src/broker/kafkajs/producer/partition-queue.ts'
import { PendingBatch } from '../../../../src/broker/kafkajs/producer/pending-batch.ts'
import { Sender } from '../../../../src/broker/kafkajs/producer/sender.ts'
import { kafkajsDefaults } from '../../../../src/broker/kafkajs/options.ts'
import { codes } from '../../../../src/broker/kafkajs/protocol/error-codes.ts'
import { systemClock, type Clock } from '../../../../src/core/clock.ts'
import { BrokerUnavailableError } from '../../../../src/core/errors.ts'
import { isRecoverable } from '../../../../src/runtime/recoverable.ts'

const notLeader = 6

// Node's timers count whole milliseconds of a time that was read before; what they run may find that it is not due.
it('sends a refused batch again although the timer for it ran early', async () => {
  let nowMs = 1_000.4
  let early = true
  const timers: (() => void)[] = []
  const clock: Clock = {
    ...systemClock,
    monotonicMs: () => nowMs,
    schedule(delayMs, run) {
      timers.push(() => {
        nowMs += early ? delayMs - 1.5 : delayMs
        early = false
        run()
      })
      return { cancel() {} }
    },
  }
  const answers = [notLeader, codes.none]
  const channel = {
    send: () =>
      Promise.resolve([
        {
          topic: 't',
          partition: 0,
          errorCode: answers.shift()!,
          baseOffset: 7,
          errorMessage: null,
        },
      ]),
  }
  const random = { next: () => 0.5, uuid: () => 'uuid' }
  const cluster = {
    environment: { clock, random, settings: kafkajsDefaults },
    leadersOf: () => [1],
    channel: () => channel,
    forget() {},
    release() {},
  } as unknown as Cluster
  let offset: number | undefined
  const queue = new PartitionQueue(
    't',
    0,
    1_000,
    { maxBatchBytes: 1_000, compacted: false },
    random,
  )
  const sender = new Sender(cluster, {
    transactionalId: undefined,
    compression: 'none',
    identity: () => ({ producerId: 1n, epoch: 0 }),
    isAllowed: () => true,
    addsPartitions: () => false,
    acknowledged: () => (offset = queue.lastOffset),
    failed: (error) => {
      throw error
    },
  })
  const writer = new BatchWriter(1_000)
  writer.append(0, null, Buffer.from('value'), [])
  queue.open = new PendingBatch(writer, nowMs, 0)
  queue.closeOpen()
  sender.add(queue)
  sender.pump()
  for (let turn = 0; turn < 20; turn++) {
    await systemClock.yieldToEventLoop()
    timers.shift()?.()
  }
  expect(offset).toBe(7)
})

// A worker whose broker was away for longer than the delivery timeout ended, instead of beginning anew.
it.each([
  ['no broker is reached', new BrokerUnavailableError('Closed connection', { retriable: true })],
  ['the partition has no leader', undefined],
])(
  'gives up a batch when %s for too long, with an error that is mended by a new producer',
  async (_, away) => {
    let nowMs = 1_000
    const clock: Clock = {
      ...systemClock,
      monotonicMs: () => nowMs,
      sleep: async () => {
        nowMs += 50_000
        await systemClock.yieldToEventLoop()
      },
    }
    const cluster = {
      environment: {
        clock,
        random: { next: () => 0.5, uuid: () => 'uuid' },
        settings: kafkajsDefaults,
      },
      leadersOf: () => [-1],
      refresh: () => (away ? Promise.reject(away) : Promise.resolve()),
    } as unknown as Cluster
    const limits = { maxBatchBytes: 1_000, compacted: false }
    const queue = new PartitionQueue('t', 0, 1_000, limits, { next: () => 0.5, uuid: () => 'uuid' })
    let report: (error: Error) => void
    const failure = new Promise<Error>((resolve) => (report = resolve))
    const sender = new Sender(cluster, {
      transactionalId: undefined,
      compression: 'none',
      identity: () => ({ producerId: 1n, epoch: 0 }),
      isAllowed: () => true,
      addsPartitions: () => false,
      acknowledged() {},
      failed: (error) => report(error),
    })
    const writer = new BatchWriter(1_000)
    writer.append(0, null, Buffer.from('value'), [])
    queue.open = new PendingBatch(writer, nowMs, 0)
    queue.closeOpen()
    sender.add(queue)
    sender.pump()
    const error = await failure
    sender.close()
    expect(error.message).toMatch(/^A batch was not acknowledged within 120000 ms: /)
    expect(isRecoverable(error)).toBe(true)
    sender.close()
  },
)
