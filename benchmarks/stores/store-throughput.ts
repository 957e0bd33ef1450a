// Measures a typed key-value store as a processor uses it: prefetch a batch, then get and put each of its keys, with a
// commit under way beside it. Prints one line an engine. Run with: npx tsx benchmarks/stores/store-throughput.ts
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../src/core/clock.ts'
import { isPromise } from '../../src/core/maybe-promise.ts'
import { json, string } from '../../src/serdes/index.ts'
import {
  keyValueStore,
  memoryState,
  type KeyValueStore,
  type StateProvider,
  type StoreSpec,
  type TaskState,
} from '../../src/state/index.ts'
import { probeBinding } from '../../src/state/rocksdb/probe.ts'
import { rocksDbState } from '../../src/state/rocksdb/index.ts'

interface Purchases {
  readonly count: number
  readonly cents: number
}

const records = 1_000_000
const keys = 100_000
const batchRecords = 5_000
const recordsPerCommit = 50_000

async function openTask(provider: StateProvider): Promise<TaskState> {
  const spec = keyValueStore({ name: 'purchases', key: string(), value: json<Purchases>() })
  return provider.openTask({
    taskId: { subTopology: 0, partition: 0 },
    specs: [spec as unknown as StoreSpec],
    clock: { recordTimestampMs: 1_765_000_000_000, streamTimeMs: 1_765_000_000_000 },
    environment: {},
    changelogTopic: (name) => name,
    readCacheBytes: 64 << 20,
  })
}

async function countPurchases(task: TaskState): Promise<number> {
  const store = task.store('purchases') as KeyValueStore<string, Purchases>
  let committing: Promise<void> | undefined
  const began = systemClock.monotonicMs()
  for (let at = 0; at < records; at += batchRecords) {
    const batch = Array.from(
      { length: batchRecords },
      (_, record) => `customer-${((at + record) * 7919) % keys}`,
    )
    for (const key of batch) store.prefetch(key)
    await task.loadPrefetched()
    for (const key of batch) {
      const found = store.get(key)
      const before = (isPromise(found) ? await found : found) ?? { count: 0, cents: 0 }
      store.put(key, { count: before.count + 1, cents: before.cents + 995 })
    }
    if (at % recordsPerCommit === 0) {
      await committing
      committing = task.apply(task.seal(), new Map([['purchases', at]]))
    }
  }
  await committing
  return (records / (systemClock.monotonicMs() - began)) * 1000
}

async function measure(name: string, provider: StateProvider): Promise<void> {
  try {
    const task = await openTask(provider)
    const rate = await countPurchases(task)
    const { engineBytes, readCacheBytes } = await task.statistics()
    const mebibytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`
    process.stdout.write(
      `${name}: ${Math.round(rate / 1000)} k get+put/s, ` +
        `engine ${mebibytes(engineBytes)}, read cache ${mebibytes(readCacheBytes)}\n`,
    )
  } finally {
    await provider.close()
  }
}

await measure('memory', memoryState())
for (const binding of ['rocksdb', 'rocksdb-native'] as const) {
  const probed = await probeBinding(binding)
  if (!probed.works) {
    process.stdout.write(`${binding}: not run: ${probed.reason}\n`)
    continue
  }
  const folder = await mkdtemp(join(tmpdir(), 'millrace-benchmark-'))
  try {
    await measure(binding, rocksDbState({ folder, binding }))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
