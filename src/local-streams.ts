import type { Broker, WaitOptions } from './broker/port.ts'
import { systemClock } from './core/clock.ts'
import type { Logger } from './core/logger.ts'
import { systemRandom } from './core/random.ts'
import type { KafkaStreamsConfig } from './kafka-streams-config.ts'
import type { Metrics } from './metrics/sensors.ts'
import { deadLetter } from './runtime/error-handlers.ts'
import { workerConfig } from './runtime/worker-config.ts'
import type { WorkerStateListener } from './runtime/worker-lifecycle.ts'
import type { WorkerThread } from './runtime/worker-options.ts'
import type { StoreView, WorkerStatus } from './runtime/worker-status.ts'
import { Worker } from './runtime/worker.ts'
import type { SerdeEnvironment } from './serdes/serde.ts'
import { memoryState } from './state/memory/memory-state.ts'
import type { SharedFolder } from './state/rocksdb/state-folder.ts'
import type { StateProvider } from './state/task-state.ts'
import type { StreamsHost } from './streams-host.ts'
import { workerSettings } from './worker-settings.ts'

/** What a worker in this thread is given beside the configuration. */
export interface LocalParts {
  readonly environment: SerdeEnvironment
  readonly logger: Logger
  readonly metrics: Metrics
  /** Which thread this is, where the process has several. */
  readonly thread?: WorkerThread
  /** The state folder, where the process holds it for its threads. */
  readonly folder?: SharedFolder
}

/**
 * Opens a client of the broker and the state folder for a worker in this thread. Where it rejects, both are closed again.
 */
export async function openLocalStreams(
  config: KafkaStreamsConfig,
  parts: LocalParts,
): Promise<LocalStreams> {
  const { applicationId, topology, errors, defaultTimestampExtractor } = config
  const { environment, logger, metrics, thread } = parts
  const clock = systemClock
  const random = systemRandom
  const clientId = thread ? `${applicationId}-${thread.index}` : applicationId
  const broker = config.broker.open({ clock, random, logger, clientId })
  const state = await openState(config, parts).catch(async (error: unknown) => {
    await broker.close()
    throw error
  })
  const worker = new Worker({
    applicationId,
    plan: topology.plan(),
    broker,
    state,
    environment,
    clock,
    random,
    logger,
    metrics,
    handlers: {
      deserialization: errors?.deserialization ?? deadLetter,
      processing: errors?.processing ?? deadLetter,
      production: errors?.production ?? deadLetter,
    },
    config: workerConfig(workerSettings(config)),
    ...(thread && { thread }),
    ...(defaultTimestampExtractor && { timestampExtractor: defaultTimestampExtractor }),
  })
  return new LocalStreams(broker, state, worker)
}

/** A worker in this thread, with its client of the broker and its state. */
export class LocalStreams implements StreamsHost {
  readonly #broker: Broker
  readonly #state: StateProvider
  readonly #worker: Worker

  constructor(broker: Broker, state: StateProvider, worker: Worker) {
    this.#broker = broker
    this.#state = state
    this.#worker = worker
  }

  async connect(options?: WaitOptions): Promise<void> {
    await this.#broker.connect(options)
  }

  async start(options?: { readonly signal?: AbortSignal }): Promise<void> {
    await this.#worker.start(options)
  }

  get closed(): Promise<void> {
    return this.#worker.closed
  }

  status(): WorkerStatus {
    return this.#worker.status()
  }

  storeViews(storeName: string): StoreView[] {
    return this.#worker.storeViews(storeName)
  }

  onStateChange(listener: WorkerStateListener): () => void {
    return this.#worker.onStateChange(listener)
  }

  async stop(options?: { readonly timeoutMs?: number }): Promise<void> {
    await this.#worker.close(options)
  }

  /** Stops without a commit, since this thread has failed. */
  async abandon(error: Error): Promise<void> {
    await this.#worker.abandon(error)
  }

  async close(): Promise<void> {
    await this.#state.close()
    await this.#broker.close()
  }
}

async function openState(
  config: KafkaStreamsConfig,
  { logger, folder }: LocalParts,
): Promise<StateProvider> {
  const { stateDir, applicationId, rocksdb } = config
  if (stateDir === undefined) {
    logger.info('Keeping state in memory, since the configuration has no stateDir')
    return memoryState()
  }
  const { join } = await import('node:path')
  const { rocksDbState, rocksDbThreadState } = await import('./state/rocksdb/rocksdb-state.ts')
  const options = { folder: join(stateDir, applicationId), ...rocksdb }
  return folder ? rocksDbThreadState(options, folder) : rocksDbState(options)
}
