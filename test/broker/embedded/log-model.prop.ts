import fc from 'fast-check'
import { expect, it } from 'vitest'
import { EmbeddedBroker, type EmbeddedClient } from '../../../src/broker/embedded/index.ts'
import type { Producer } from '../../../src/broker/port.ts'
import { readAll, type SeenRecord } from '../contract/reading.ts'
import { VirtualClock } from '../../../src/testing/virtual-clock.ts'
import { brokerOn, copyOf, temporaryFolder } from './folder.ts'

/** What may be done to a partition. */
type Step =
  | { readonly do: 'put'; readonly writer: number; readonly key: number; readonly value: number }
  | { readonly do: 'delete'; readonly writer: number; readonly key: number }
  | { readonly do: 'flush' | 'commit' | 'abort'; readonly writer: number }
  | { readonly do: 'compact' }
  | { readonly do: 'trim' }
  | { readonly do: 'restart' }

const writer = fc.integer({ min: 0, max: 2 })
const key = fc.integer({ min: 0, max: 4 })
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('put'), writer, key, value: fc.nat(99) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('delete'), writer, key }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constantFrom('flush', 'commit', 'abort'), writer }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('compact', 'trim') }) },
)
const stepOrRestart: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: step },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart') }) },
)

interface Written {
  readonly offset: number
  readonly key: string
  readonly value: string | null
}

/** What the log should hold, kept the plain way. */
class LogModel {
  readonly committed: Written[] = []
  end = 0
  start = 0
  readonly #open = new Map<number, Written[]>()

  write(writer: number, records: readonly (readonly [string, string | null])[]): void {
    if (records.length === 0) return
    const open = this.#open.get(writer) ?? []
    for (const [key, value] of records) open.push({ offset: this.end++, key, value })
    this.#open.set(writer, open)
  }

  finish(writer: number, commit: boolean): void {
    const open = this.#open.get(writer)
    if (!open) return
    this.#open.delete(writer)
    this.end++
    if (commit) this.committed.push(...open)
    this.committed.sort((a, b) => a.offset - b.offset)
  }

  /** All that is open ends: without a marker, as nobody wrote one. */
  abortAll(): void {
    this.#open.clear()
  }

  get stable(): number {
    return Math.min(this.end, ...[...this.#open.values()].map(([first]) => first!.offset))
  }

  /** What read_committed may see: everything committed between the start and the first open record. */
  visible(): Written[] {
    return this.committed.filter(({ offset }) => offset >= this.start && offset < this.stable)
  }
}

/** Two writers of transactions and one without. */
class Run {
  broker: EmbeddedBroker
  client: EmbeddedClient
  readonly model: LogModel = new LogModel()
  compactions = 0
  #folder: string | undefined
  #producers: Producer[] = []
  #buffered: [string, string | null][][] = []

  /** With a folder, the run may restart the broker. */
  constructor(folder?: string) {
    this.#folder = folder
    this.broker =
      folder === undefined ? new EmbeddedBroker({ clock: new VirtualClock() }) : brokerOn(folder)
    this.client = this.broker.open()
  }

  async begin(): Promise<void> {
    const config = { 'cleanup.policy': 'compact' }
    await this.client.createTopics([{ name: 'log', partitions: 1, config }])
    await this.#openProducers()
  }

  async #openProducers(): Promise<void> {
    this.#producers = []
    this.#buffered = [[], [], []]
    for (const options of [{ transactionalId: 'a' }, { transactionalId: 'b' }, {}]) {
      const producer = await this.client.openProducer({ ...options, lingerMs: 60_000 })
      if ('transactionalId' in options) producer.beginTransaction()
      this.#producers.push(producer)
    }
  }

  async apply(step: Step): Promise<void> {
    if (step.do === 'compact') return this.#compact()
    if (step.do === 'trim') return await this.#trim()
    if (step.do === 'restart') return await this.#restart()
    const { writer } = step
    const producer = this.#producers[writer]!
    if (step.do === 'put' || step.do === 'delete') {
      const value = step.do === 'put' ? String(step.value) : null
      const key = `key-${step.key}`
      producer.send('log', 0, 0, Buffer.from(key), value === null ? null : Buffer.from(value))
      this.#buffered[writer]!.push([key, value])
    } else if (step.do === 'flush' || writer === 2) await this.#flush(writer)
    else if (step.do === 'commit') {
      this.model.write(writer, this.#buffered[writer]!.splice(0))
      await producer.commitTransaction()
      this.model.finish(writer, true)
      producer.beginTransaction()
    } else {
      this.#buffered[writer]!.length = 0
      await producer.abortTransaction()
      this.model.finish(writer, false)
      producer.beginTransaction()
    }
  }

  async #flush(writer: number): Promise<void> {
    await this.#producers[writer]!.flush()
    const records = this.#buffered[writer]!.splice(0)
    if (writer < 2) this.model.write(writer, records)
    else {
      for (const [key, value] of records) {
        this.model.committed.push({ offset: this.model.end++, key, value })
      }
    }
  }

  #compact(): void {
    this.broker.compact('log')
    this.compactions++
  }

  async #trim(): Promise<void> {
    const offset = Math.floor((this.model.start + this.model.stable) / 2)
    await this.client.deleteRecords([{ topic: 'log', partition: 0, offset }])
    this.model.start = offset
  }

  /** The process is killed, and another goes on with what is in the folder. */
  async #restart(): Promise<void> {
    const killed = this.broker
    this.#folder = copyOf(this.#folder!)
    this.broker = brokerOn(this.#folder)
    this.client = this.broker.open()
    this.model.abortAll()
    await killed.close()
    await this.#openProducers()
  }

  async check(): Promise<void> {
    const at = [{ topic: 'log', partition: 0 }]
    const [stable] = await this.client.listOffsets(at, 'latest', 'read_committed')
    const [end] = await this.client.listOffsets(at, 'latest', 'read_uncommitted')
    expect([stable!.offset, end!.offset]).toEqual([this.model.stable, this.model.end])
    const fetcher = this.client.openFetcher({ isolation: 'read_committed', maxPartitionBytes: 60 })
    fetcher.assign([{ topic: 'log', partition: 0, offset: this.model.start }])
    const seen: Written[] = []
    for (;;) {
      const fetched = await fetcher.poll({ timeoutMs: 0 })
      if (fetched.length === 0) break
      for (const entry of fetched) {
        for (; entry.records.next();) seen.push(writtenOf(entry.records))
      }
    }
    await fetcher.close()
    const expected = this.model.visible()
    if (this.compactions === 0) expect(seen).toEqual(expected)
    // Compaction may take what is superseded; what it leaves is as it was, and says the same of each key.
    const byOffset = new Map(expected.map((each) => [each.offset, each]))
    for (const each of seen) expect(each).toEqual(byOffset.get(each.offset))
    expect(tableOf(seen)).toEqual(tableOf(expected))
  }

  async finish(): Promise<void> {
    for (const writer of [0, 1, 2]) await this.apply({ do: 'commit', writer })
    await this.check()
    this.#compact()
    await this.check()
    const records: SeenRecord[] = await readAll(this.client, 'log')
    const keys = records.map(({ key }) => key)
    expect(new Set(keys).size).toBe(keys.length)
    await this.broker.close()
  }
}

function writtenOf(cursor: {
  readonly buffer: Buffer
  readonly offset: number
  readonly keyStart: number
  readonly keyEnd: number
  readonly valueStart: number
  readonly valueEnd: number
}): Written {
  const { buffer, offset, keyStart, keyEnd, valueStart, valueEnd } = cursor
  return {
    offset,
    key: buffer.toString('utf8', keyStart, keyEnd),
    value: valueEnd < 0 ? null : buffer.toString('utf8', valueStart, valueEnd),
  }
}

function tableOf(records: readonly Written[]): Record<string, string> {
  const table: Record<string, string> = {}
  for (const { key, value } of records) {
    if (value === null) delete table[key]
    else table[key] = value
  }
  return table
}

async function checkRun(run: Run, steps: readonly Step[]): Promise<void> {
  await run.begin()
  for (const each of steps) {
    await run.apply(each)
    await run.check()
  }
  await run.finish()
}

it('a log of any writes, commits, aborts, compactions and deletions reads as its model', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), (steps) => checkRun(new Run(), steps)),
    { numRuns: 150 },
  )
})

it('a log whose process is killed time and again reads as its model', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(stepOrRestart, { minLength: 10, maxLength: 60 }), (steps) =>
      checkRun(new Run(temporaryFolder()), steps),
    ),
    { numRuns: 60 },
  )
})
