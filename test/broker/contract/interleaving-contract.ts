import { describe, expect, it } from 'vitest'
import type { Producer } from '../../../src/broker/port.ts'
import { uniqueName, type ContractSuite } from './contract-suite.ts'
import { readAll } from './reading.ts'

const partitions = 2

/** A producer with what it has in its open transaction. */
interface Actor {
  readonly name: string
  readonly producer: Producer
  open: { partition: number; value: string }[] | undefined
}

export function describeInterleavedTransactions(suite: ContractSuite): void {
  describe('interleaved transactions', () => {
    it.each([1, 2, 3])(
      'leak nothing that was aborted and miss nothing that was committed (seed %i)',
      async (seed) => {
        const client = suite.client()
        const topic = await suite.topic(client, partitions)
        const random = seededRandom(seed)
        const actors: Actor[] = []
        for (const name of ['a', 'b', 'c']) {
          const options = { transactionalId: uniqueName(name), batchBytes: 300, lingerMs: 60_000 }
          actors.push({
            name,
            producer: await suite.producer(client, topic, options),
            open: undefined,
          })
        }
        const committed = new Map<string, string[]>()
        let aborted = 0
        for (let step = 0; step < 120; step++) {
          const actor = actors[Math.floor(random() * actors.length)]!
          aborted += await act(actor, topic, `${step}`, random, committed)
        }
        for (const actor of actors) aborted += await end(actor, random() < 0.5, committed)
        expect(aborted).toBeGreaterThan(10)
        const expected = [...committed].toSorted(([a], [b]) => (a < b ? -1 : 1))
        expect(expected.length).toBe(partitions * actors.length)
        for (const maxPartitionBytes of [50, 700, 5_000, 1_000_000]) {
          const records = await readAll(client, topic, 'read_committed', { maxPartitionBytes })
          const seen = new Map<string, string[]>()
          for (const { partition, value } of records) {
            const owner = `${partition} ${value!.slice(0, 1)}`
            seen.set(owner, [...(seen.get(owner) ?? []), value!])
          }
          const inOrder = [...seen].toSorted(([a], [b]) => (a < b ? -1 : 1))
          expect(inOrder, `at ${maxPartitionBytes} bytes`).toEqual(expected)
        }
      },
    )
  })
}

/** Sends a few records in the actor's transaction, or ends it; returns how many records were aborted. */
async function act(
  actor: Actor,
  topic: string,
  label: string,
  random: () => number,
  committed: Map<string, string[]>,
): Promise<number> {
  if (actor.open && random() < 0.3) return await end(actor, random() < 0.6, committed)
  if (!actor.open) {
    actor.producer.beginTransaction()
    actor.open = []
  }
  const count = 1 + Math.floor(random() * 6)
  for (let number = 0; number < count; number++) {
    const partition = Math.floor(random() * partitions)
    const value = `${actor.name} ${label}.${number}`
    // A key of four zero bytes looks like an abort marker to who does not look closely.
    const key = random() < 0.3 ? Buffer.alloc(4) : null
    actor.producer.send(topic, partition, 0, key, Buffer.from(value))
    actor.open.push({ partition, value })
  }
  if (random() < 0.7) await actor.producer.flush()
  return 0
}

async function end(
  actor: Actor,
  commit: boolean,
  committed: Map<string, string[]>,
): Promise<number> {
  const records = actor.open
  if (!records) return 0
  actor.open = undefined
  if (!commit) {
    await actor.producer.abortTransaction()
    return records.length
  }
  await actor.producer.commitTransaction()
  for (const { partition, value } of records) {
    const owner = `${partition} ${actor.name}`
    committed.set(owner, [...(committed.get(owner) ?? []), value])
  }
  return 0
}

/** The same numbers in [0, 1) at every run: a linear congruential generator. */
function seededRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 0x1_0000_0000
  }
}
