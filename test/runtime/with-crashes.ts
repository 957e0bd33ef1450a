import { rocksDbState } from 'millrace/state/rocksdb'
import { expect } from 'vitest'
import { EmbeddedBroker } from '../../src/broker/embedded/index.ts'
import { memoryState } from '../../src/state/index.ts'
import type { StateProvider } from '../../src/state/task-state.ts'
import type { Topology } from '../../src/topology/topology.ts'
import { temporaryFolder } from '../state/contract/harness.ts'
import {
  createWorker,
  eventually,
  produce,
  readAll,
  type ReadRecord,
  type TestWorker,
  type TextRecord,
} from './worker-harness.ts'

/** Where a worker's state can be. */
export const engines: readonly [string, (folder: string) => StateProvider][] = [
  ['memory', () => memoryState()],
  ['RocksDB', (folder) => rocksDbState({ folder })],
]

/** A topology that reads `in` and writes `out`, with workers that crash. */
export interface CrashScene {
  readonly topology: Topology
  /** What is produced for each worker; it commits what comes of it, but for the last of these, in which it crashes. */
  readonly rounds: readonly (readonly TextRecord[])[]
  readonly openState: (folder: string) => StateProvider
  /** Whether what was put out is all there is to come. */
  readonly isDone: (records: readonly ReadRecord[]) => boolean
  /** Looks at what else there is in the end. */
  readonly inspect?: (broker: EmbeddedBroker) => Promise<void>
}

/** The requests of a commit, in each of which a worker crashes once. */
const crashes = ['produce', 'txnOffsetCommit', 'endTxn'] as const

/**
 * Runs a topology with workers that crash in a commit, each followed by the next on the same state, and gives what was
 * committed in the end.
 */
export async function withCrashes(scene: CrashScene): Promise<ReadRecord[]> {
  const { topology, rounds, openState, isDone } = scene
  let armed: { readonly client: string; readonly request: string; held(): void } | undefined
  const folder = await temporaryFolder()
  await using broker = new EmbeddedBroker({
    onRequest(client, request) {
      if (client !== armed?.client || request !== armed.request) return undefined
      armed.held()
      return new Promise<void>(() => {})
    },
  })
  const client = broker.open()
  await client.createTopics([
    { name: 'in', partitions: 2 },
    { name: 'out', partitions: 1 },
  ])
  await client.close()
  const start = (clientId: string, state: StateProvider): TestWorker => {
    const config = { commitIntervalMs: 15, sessionTimeoutMs: 80, transactionTimeoutMs: 150 }
    const started = createWorker({ topology, broker, state, clientId, config })
    started.worker.start().catch(() => undefined)
    return started
  }
  for (const [i, records] of rounds.entries()) {
    await using state = openState(folder)
    const name = `worker-${i}`
    const started = start(name, state)
    await eventually(() => expect(started.worker.status().state).toBe('running'))
    const held = new Promise<void>((resolve) => {
      armed = { client: name, request: crashes[i % crashes.length]!, held: resolve }
    })
    await produce(broker, 'in', records, 2)
    await held
    started.client.crash()
    await started.worker.close({ timeoutMs: 0 })
  }
  await using state = openState(folder)
  const last = start('last', state)
  await eventually(async () => expect(isDone(await readAll(broker, 'out'))).toBe(true), 25_000)
  // Nor may anything be added while it stops.
  await last.worker.close()
  await scene.inspect?.(broker)
  return await readAll(broker, 'out')
}
