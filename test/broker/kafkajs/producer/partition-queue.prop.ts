import fc from 'fast-check'
import { expect, it } from 'vitest'
import { BatchWriter } from '../../../../src/broker/kafkajs/codec/batch-writer.ts'
import { PartitionQueue } from '../../../../src/broker/kafkajs/producer/partition-queue.ts'
import { PendingBatch } from '../../../../src/broker/kafkajs/producer/pending-batch.ts'

const limits = { maxBatchBytes: 1 << 20, compacted: false }
const random = { next: () => 0.5, uuid: () => 'uuid' }

/** What becomes of one attempt on its way to the broker and back. */
type Fate = 'arrives' | 'request is lost' | 'answer is lost' | 'refused for now'

/** The broker's book on one producer of one partition. */
class PartitionLog {
  readonly sequences: number[] = []
  #next: number | undefined
  readonly #recent = new Map<number, number>()

  /** The broker's rules of order and duplicates. */
  append(batch: PendingBatch): 'written' | 'out of order' {
    const { sequence, count } = batch
    if (this.#recent.get(sequence) === count) return 'written'
    // A producer that it knows nothing of may begin with any number.
    if (this.#next !== undefined && sequence !== this.#next) return 'out of order'
    for (let i = 0; i < count; i++) this.sequences.push(sequence + i)
    this.#next = sequence + count
    this.#recent.set(sequence, count)
    if (this.#recent.size > 5) this.#recent.delete([...this.#recent.keys()][0]!)
    return 'written'
  }
}

function fill(queue: PartitionQueue, records: number): void {
  const writer = new BatchWriter(64)
  for (let i = 0; i < records; i++) writer.append(0, null, null, [])
  queue.open = new PendingBatch(writer, 0, 0)
  queue.closeOpen()
}

it('whatever is lost on the way, each record is written once and in order', () => {
  const fate = fc.constantFrom<Fate>(
    'arrives',
    'request is lost',
    'answer is lost',
    'refused for now',
  )
  const batches = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 20 })
  const fates = fc.array(fate, { maxLength: 60 })
  const delays = fc.infiniteStream(fc.nat(4))
  fc.assert(
    fc.property(batches, fates, delays, (sizes, ahead, lag) => {
      const queue = new PartitionQueue('t', 0, 1000, limits, random)
      const log = new PartitionLog()
      for (const size of sizes) fill(queue, size)
      const onTheWay: (() => void)[] = []
      let nowMs = 0
      let acknowledged = 0
      while (queue.hasWork || onTheWay.length > 0) {
        while (queue.maySend(nowMs))
          onTheWay.push(attempt(queue.takeNext(), ahead.shift() ?? 'arrives'))
        // Some attempts are answered, in the order of sending, before more go out.
        for (let i = lag.next().value as number; i >= 0; i--) onTheWay.shift()?.()
        nowMs += 2000
      }
      expect(acknowledged).toBe(sizes.length)
      const total = sizes.reduce((sum, size) => sum + size, 0)
      expect(log.sequences).toEqual(Array.from({ length: total }, (_, number) => number))

      function attempt(batch: PendingBatch, fated: Fate): () => void {
        const lost = fated === 'request is lost' || fated === 'refused for now'
        const outcome = lost ? 'failed' : log.append(batch)
        return () => {
          if (outcome === 'written' && fated === 'arrives') {
            acknowledged++
            queue.acknowledged(batch, -1, nowMs)
          } else {
            // The broker's refusal for order is final, unless a batch before it is still to come.
            if (outcome === 'out of order') expect(queue.isOldest(batch)).toBe(false)
            queue.sendAgain(batch, nowMs)
          }
        }
      }
    }),
    { numRuns: 500 },
  )
})

it('until the broker has taken the first batch, no second one is sent', () => {
  const queue = new PartitionQueue('t', 0, 1000, limits, random)
  for (let i = 0; i < 10; i++) fill(queue, 1)
  const first = queue.takeNext()
  expect(queue.maySend(0)).toBe(false)
  queue.acknowledged(first, 0, 0)
  let sent = 0
  while (queue.maySend(0)) {
    queue.takeNext()
    sent++
  }
  expect(sent).toBe(5)
})
