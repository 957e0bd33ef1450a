import fc from 'fast-check'
import { describe, it, expect } from 'vitest'
import { Record } from '../../src/core/record.ts'
import { string } from '../../src/serdes/index.ts'
import { keyValueStore } from '../../src/state/index.ts'
import type { KeyValueStore } from '../../src/state/store.ts'
import type { Topology } from '../../src/topology/topology.ts'
import type { InputText } from './fetched-records.ts'
import { runningTask, type SentText } from './task-harness.ts'
import { textTopology } from './text-topologies.ts'

const store = keyValueStore({ name: 'counts', key: string(), value: string() })

async function pause(): Promise<void> {
  for (let i = 0; i < 4; i++) await Promise.resolve()
}

/** Counts by key, some of it after waiting, and says at intervals of stream time how many there were. */
function counting(): Topology {
  return textTopology({
    sources: ['left', 'right'],
    steps: [
      {
        name: 'count',
        parents: ['left', 'right'],
        stores: [store],
        processor: () => {
          let total = 0
          let counts: KeyValueStore<string, string>
          return {
            init(context) {
              counts = context.store('counts') as typeof counts
              context.schedule('stream-time', 10, (timestampMs) =>
                context.forward(new Record('total', `${total} at ${timestampMs}`, timestampMs)),
              )
            },
            prefetch(key) {
              counts.prefetch(key)
            },
            async process(record, context) {
              total++
              if (total % 3 === 0) await Promise.resolve()
              if (record.value === 'skip') throw new Error('skipped')
              const count = Number((await counts.get(record.key)) ?? 0) + 1
              counts.put(record.key, String(count))
              await context.forward(record.withValue(`${record.value} is number ${count}`))
            },
          }
        },
      },
    ],
    sinks: { out: ['count'] },
  })
}

const record = fc.record({
  key: fc.constantFrom('a', 'b', 'c'),
  value: fc.constantFrom('x', 'y', 'skip'),
  timestampMs: fc.integer({ min: -1, max: 60 }),
})

interface Split {
  readonly chunk: number
  /** Records read at once. */
  readonly read: number
  /** Records a slice. */
  readonly slices: readonly number[]
  /** After how many slices a commit is made. */
  readonly commitEvery: number
  /** Whether all is fetched at once, or in these many pieces. */
  readonly pieces: number
  /** Whether reading state takes time, so that the next chunk is read ahead. */
  readonly slowState: boolean
}

async function outputs(
  left: readonly InputText[],
  right: readonly InputText[],
  split: Split,
): Promise<{ readonly sent: readonly SentText[]; readonly streamTimeMs: number }> {
  await using harness = await runningTask(counting(), {
    ...(split.slowState && { load: pause }),
    maxChunkRecords: split.chunk,
    maxReadRecords: split.read,
    handlers: {
      deserialization: () => 'fail',
      processing: () => 'continue',
      production: () => 'fail',
    },
  })
  const feedPieces = (topic: string, records: readonly InputText[]): void => {
    const size = Math.max(1, Math.ceil(records.length / split.pieces))
    for (let from = 0; from < records.length; from += size) {
      const piece = records.slice(from, from + size)
      harness.feed(topic, piece, { from, lag: records.length - from - piece.length })
    }
    if (records.length === 0) harness.task.updateLag(topic, 0, 0)
  }
  feedPieces('left', left)
  feedPieces('right', right)
  for (let round = 0; harness.task.isProcessable(0); round++) {
    const size = split.slices[round % split.slices.length]!
    // A slice that is over before it begins takes one record.
    for (let i = 0; i < size; i++) await harness.task.processFor(Number.NEGATIVE_INFINITY)
    if (round % split.commitEvery === 0) await harness.commit()
  }
  await harness.commit()
  return {
    sent: harness.collector.sent.filter(({ topic }) => topic === 'out'),
    streamTimeMs: harness.task.streamTimeMs,
  }
}

describe('a task', () => {
  it('gives the same output however its input is cut into fetches, chunks, slices and commits', async () => {
    const split = fc.record({
      chunk: fc.integer({ min: 1, max: 7 }),
      read: fc.integer({ min: 1, max: 4 }),
      slices: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 }),
      commitEvery: fc.integer({ min: 1, max: 4 }),
      pieces: fc.integer({ min: 1, max: 4 }),
      slowState: fc.boolean(),
    })
    const whole: Split = {
      chunk: 1000,
      read: 64,
      slices: [1000],
      commitEvery: 1000,
      pieces: 1,
      slowState: false,
    }
    await fc.assert(
      fc.asyncProperty(
        fc.array(record, { maxLength: 25 }),
        fc.array(record, { maxLength: 25 }),
        split,
        async (left, right, cut) => {
          const expected = await outputs(left, right, whole)
          expect(await outputs(left, right, cut)).toEqual(expected)
        },
      ),
      { numRuns: 100 },
    )
  })
})
