// A worker of the chaos runs in a process of its own. It says over IPC when it runs, and what its stores hold.
import { isStreamsError, KafkaStreams, type KafkaStreamsConfig } from 'millrace'
import { kafkajs } from 'millrace/broker/kafkajs'
import type { KeyValueStore } from 'millrace/state'
import { chaosTopology, storeNames } from './topology.ts'

/** What the process is told in its first argument, as JSON. */
export interface ChaosWorkerConfig {
  readonly applicationId: string
  readonly bootstrap: string
  readonly stateDir: string
  readonly numStandbyReplicas?: number
  /** Makes the worker a static member of its group. */
  readonly groupInstanceId?: string | undefined
}

/** A row of a store, as it goes over IPC. */
export interface StoreRow {
  readonly store: string
  readonly key: string
  readonly value: string
}

export type WorkerMessage =
  | { readonly type: 'running' }
  /** Undefined while a store is being restored. */
  | { readonly type: 'rows'; readonly rows: readonly StoreRow[] | undefined }

const told = JSON.parse(process.argv[2]!) as ChaosWorkerConfig
const config: KafkaStreamsConfig = {
  applicationId: told.applicationId,
  topology: chaosTopology(),
  broker: kafkajs({
    brokers: [told.bootstrap],
    connectionTimeoutMs: 1_000,
    requestTimeoutMs: 3_000,
    apiTimeoutMs: 10_000,
    deliveryTimeoutMs: 10_000,
  }),
  stateDir: told.stateDir,
  processingGuarantee: 'exactly_once',
  commitIntervalMs: 50,
  sessionTimeoutMs: 2_000,
  heartbeatIntervalMs: 300,
  rebalanceTimeoutMs: 5_000,
  transactionTimeoutMs: 4_000,
  numStandbyReplicas: told.numStandbyReplicas ?? 0,
  probingRebalanceIntervalMs: 2_000,
  ...(told.groupInstanceId !== undefined && { groupInstanceId: told.groupInstanceId }),
}
const app = new KafkaStreams(config)
const say = (message: WorkerMessage): void => void process.send?.(message)

process.once('SIGTERM', () => void app.close().then(() => process.exit(0)))
process.once('disconnect', () => process.exit(0))
process.on('message', () => {
  void rows().then(
    (all) => say({ type: 'rows', rows: all }),
    (error: unknown) => {
      console.warn(`The stores cannot be read now: ${String(error)}`)
      say({ type: 'rows', rows: undefined })
    },
  )
})

async function rows(): Promise<StoreRow[]> {
  const { state, tasks } = app.status()
  if (state !== 'running' || tasks.some((task) => task.state !== 'running')) {
    throw new Error(`the worker is ${state}`)
  }
  const all: StoreRow[] = []
  for (const store of storeNames) {
    const view = app.view<KeyValueStore<string, bigint>>({ storeName: store })
    try {
      for await (const { key, value } of view.range())
        all.push({ store, key, value: String(value) })
    } catch (error) {
      // None of the store's tasks may be here.
      const code = 'MILLRACE_STATE_STORE_NOT_AVAILABLE'
      if (!isStreamsError(error) || error.code !== code) throw error
    }
  }
  return all
}

try {
  await app.start()
  say({ type: 'running' })
  await app.closed
} catch (error) {
  console.error(error)
  process.exit(1)
}
