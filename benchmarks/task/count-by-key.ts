// How fast a task is by itself: records are decoded, counted by key in a store in memory, and sent to a collector that
// drops them. No broker, and no disk unless STORE=rocksdb.
// Run: npx tsx benchmarks/task/count-by-key.ts [records] [keys]
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FetchedPartition, RecordCursor } from '../../src/broker/port.ts'
import { systemClock } from '../../src/core/clock.ts'
import { noHeaders, type Headers } from '../../src/core/headers.ts'
import { silentLogger } from '../../src/core/logger.ts'
import type { MaybePromise } from '../../src/core/maybe-promise.ts'
import type { Record } from '../../src/core/record.ts'
import { noMetrics } from '../../src/metrics/sensors.ts'
import { logAndFail } from '../../src/runtime/error-handlers.ts'
import type { RecordCollector } from '../../src/runtime/record-collector.ts'
import { StreamTask } from '../../src/runtime/stream-task.ts'
import { string } from '../../src/serdes/string.ts'
import { keyValueStore } from '../../src/state/key-value-store-spec.ts'
import { memoryState } from '../../src/state/memory/memory-state.ts'
import { rocksDbState } from '../../src/state/rocksdb/index.ts'
import type { KeyValueStoreSpec } from '../../src/state/store-spec.ts'
import type { KeyValueStore } from '../../src/state/store.ts'
import type { StateProvider, StoreClock } from '../../src/state/task-state.ts'
import type { Processor, ProcessorContext } from '../../src/topology/processor.ts'
import { topic } from '../../src/topology/topic.ts'
import { Topology } from '../../src/topology/topology.ts'

const records = Number(process.argv[2] ?? 2_000_000)
const keys = Number(process.argv[3] ?? 10_000)
const commitEvery = 20_000

class Cursor implements RecordCursor {
  offset = -1
  timestampMs = 0
  readonly buffer: Buffer
  keyStart = 0
  keyEnd = 0
  valueStart = 0
  valueEnd = 0
  readonly #starts: Int32Array
  readonly #base: number
  #index = -1

  constructor(buffer: Buffer, starts: Int32Array, base: number) {
    this.buffer = buffer
    this.#starts = starts
    this.#base = base
  }

  next(): boolean {
    const index = ++this.#index
    if (index >= this.#starts.length) return false
    this.offset = this.#base + index
    this.timestampMs = 1_700_000_000_000 + this.offset
    this.keyStart = this.#starts[index]!
    this.keyEnd = this.keyStart + 13
    this.valueStart = this.keyEnd
    this.valueEnd = this.valueStart + 100
    return true
  }

  headers(): Headers {
    return noHeaders
  }
}

const batchSize = 10_000
const pad = 'x'.repeat(100)
let seed = 42
const random = (): number => (seed = (seed * 1_103_515_245 + 12_345) & 0x7fffffff) / 0x7fffffff

function batch(base: number): FetchedPartition {
  const starts = new Int32Array(batchSize)
  const buffer = Buffer.alloc(batchSize * 113)
  for (let i = 0; i < batchSize; i++) {
    starts[i] = i * 113
    buffer.write(`user-${String(Math.floor(random() * keys)).padStart(8, '0')}${pad}`, i * 113)
  }
  return {
    topic: 'in',
    partition: 0,
    records: new Cursor(buffer, starts, base),
    bytes: buffer.length,
    nextOffset: base + batchSize,
    highWatermark: records,
    lastStableOffset: records,
    logStartOffset: 0,
  }
}

interface Shape {
  readonly name: string
  topology(): Topology
}

const input = topic('in', { key: string(), value: string() })
type Counts = KeyValueStore<string, string>

const countStore: KeyValueStoreSpec<string, string> = keyValueStore({
  name: 'counts',
  key: string(),
  value: string(),
})
const output = topic('out', { key: string(), value: string() })

const passThrough: Shape = {
  name: 'source → 4 processors → sink',
  topology() {
    const topology = new Topology()
    let parent = topology.addSource('source', input)
    for (let i = 0; i < 4; i++) {
      parent = topology.addProcessor<string, string, string, string>(
        `step-${i}`,
        () => ({ process: (record, context) => context.forward(record) }),
        { parents: [parent] },
      )
    }
    topology.addSink('sink', output, { parents: [parent] })
    return topology
  },
}

const drop: Shape = {
  name: 'source → processor that drops',
  topology() {
    const topology = new Topology()
    const source = topology.addSource('source', input)
    topology.addProcessor<string, string, never, never>('drop', () => ({ process() {} }), {
      parents: [source],
    })
    return topology
  },
}

class Counter implements Processor<string, string, string, string, Counts> {
  #counts!: Counts

  init(context: ProcessorContext<string, string, Counts>): void {
    this.#counts = context.store(countStore)
  }

  prefetch(key: string): void {
    this.#counts.prefetch(key)
  }

  process(
    record: Record<string, string>,
    context: ProcessorContext<string, string, Counts>,
  ): MaybePromise<void> {
    const count = String(Number((this.#counts.get(record.key) as string | undefined) ?? 0) + 1)
    this.#counts.put(record.key, count)
    return context.forward(record.withValue(count))
  }
}

const counting: Shape = {
  name: 'source → count by key in a store → sink',
  topology() {
    const topology = new Topology()
    const source = topology.addSource('source', input)
    const counted = topology.addProcessor<string, string, string, string, [typeof countStore]>(
      'count',
      () => new Counter(),
      { parents: [source], stores: [countStore] },
    )
    topology.addSink('sink', output, { parents: [counted] })
    return topology
  },
}

const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
let folders = 0

function openState(): StateProvider {
  if (process.env['STORE'] !== 'rocksdb') return memoryState()
  return rocksDbState({ folder: join(folder, String(folders++)) })
}

let sent = 0
const collector: RecordCollector = {
  send() {
    sent++
  },
  ready: () => undefined,
  partitions: () => 1,
  prepare() {},
}

async function measure(shape: Shape): Promise<void> {
  const plan = shape.topology().plan()
  const subTopology = plan.subTopologies[0]!
  const storeClock: StoreClock = { recordTimestampMs: -1, streamTimeMs: -1 }
  await using provider = openState()
  const id = { subTopology: 0, partition: 0 }
  const state = await provider.openTask({
    taskId: id,
    specs: subTopology.stores,
    clock: storeClock,
    environment: {},
    changelogTopic: (name) => `bench-${name}-changelog`,
  })
  const task = StreamTask.create({
    id,
    applicationId: 'bench',
    plan,
    subTopology,
    collector,
    state,
    storeClock,
    clock: systemClock,
    logger: silentLogger,
    metrics: noMetrics,
    environment: {},
    handlers: { deserialization: logAndFail, processing: logAndFail, production: logAndFail },
    deadLetter() {},
    maxTaskIdleMs: 0,
    isolation: 'read_committed',
    globalStore: () => undefined,
  })
  await task.initialize()
  const batches: FetchedPartition[] = []
  let processed = 0
  let sinceCommit = 0
  let spentMs = 0
  for (let base = 0; base < records; base += batchSize) {
    batches.push(batch(base))
    task.addFetched(batches.pop()!)
    const startedMs = performance.now()
    while (task.isProcessable(0)) {
      const did = await task.processFor(systemClock.monotonicMs() + 20)
      processed += did
      sinceCommit += did
      if (sinceCommit < commitEvery) continue
      sinceCommit = 0
      const { sealed } = task.prepareCommit()
      await state.apply(sealed, new Map())
    }
    spentMs += performance.now() - startedMs
  }
  await task.close()
  const rate = processed / spentMs
  console.log(
    `${shape.name}: ${Math.round(rate)} k records/s, ${((spentMs * 1000) / processed).toFixed(3)} µs a record`,
  )
}

for (const shape of [drop, passThrough, counting]) {
  await measure(shape)
  await measure(shape)
}
console.log(`${sent} records reached the collector`)
rmSync(folder, { recursive: true })
