import { join } from 'node:path'
import { isMainThread, workerData } from 'node:worker_threads'
import { systemClock } from './core/clock.ts'
import { ConfigError } from './core/errors.ts'
import type { Logger } from './core/logger.ts'
import { systemRandom } from './core/random.ts'
import type { KafkaStreamsConfig } from './kafka-streams-config.ts'
import type { PrometheusMetrics } from './metrics/prometheus.ts'
import type { MetricFamily } from './metrics/thread-metrics.ts'
import { WorkerLifecycle } from './runtime/worker-lifecycle.ts'
import { queryableStores } from './query/queryable-stores.ts'
import type { SerdeEnvironment } from './serdes/serde.ts'
import type { ProcessFolder } from './state/rocksdb/state-folder.ts'
import { moduleAddress, threadSettings } from './thread-module.ts'
import { storeCodecs } from './threads/store-codec.ts'
import { StreamThreads } from './threads/stream-threads.ts'
import { TaskFolders } from './threads/task-folders.ts'
import { ThreadFailures } from './threads/thread-failures.ts'

/** What the threads of a process are given beside the configuration. */
export interface ThreadedParts {
  readonly environment: SerdeEnvironment
  readonly logger: Logger
  readonly metrics: PrometheusMetrics
}

/** Takes the state folder for this process, and makes what will start its threads. */
export async function openThreadedStreams(
  config: KafkaStreamsConfig,
  { environment, logger, metrics }: ThreadedParts,
): Promise<StreamThreads> {
  checkOutermost()
  const { applicationId, topology, threads = 1, module, retryBackoffMs = 100 } = config
  const { maxThreadReplacements = 5, sessionTimeoutMs = 45_000 } = config
  const plan = topology.plan()
  const folder = await holdStateFolder(config)
  const stores = [...queryableStores(plan, environment).values()]
  const host = new StreamThreads({
    applicationId,
    count: threads,
    // Beside this file, as TypeScript in a source tree and as JavaScript in the package.
    entry: new URL(import.meta.url.replace(/threaded-streams(?=[.][jt]s$)/, 'thread-entry')),
    task: {
      processId: folder?.facts.processId ?? systemRandom.uuid(),
      module: moduleAddress(module!),
      settings: threadSettings(config),
      topology: topology.describe(),
      folder: folder?.facts,
    },
    folders: new TaskFolders(),
    failures: new ThreadFailures({
      handler: config.uncaughtExceptionHandler ?? (() => 'shutdown-client'),
      maxReplacements: maxThreadReplacements,
      retryBackoffMs,
      logger,
    }),
    lifecycle: new WorkerLifecycle(logger),
    clock: systemClock,
    logger,
    codecs: storeCodecs(plan, applicationId, environment),
    kinds: new Map(stores.map(({ name, kind }) => [name, kind])),
    // A worker that does nothing for as long has lost its tasks.
    patienceMs: sessionTimeoutMs,
    afterwards: async () => await folder?.close(),
  })
  metrics.addThreads(async () => {
    // What the other threads have sent is what their prom-client wrote.
    return (await host.metrics()) as ReadonlyMap<string, readonly MetricFamily[]>
  })
  return host
}

async function holdStateFolder({
  stateDir,
  applicationId,
  rocksdb,
}: KafkaStreamsConfig): Promise<ProcessFolder | undefined> {
  if (stateDir === undefined) return undefined
  const { holdFolder } = await import('./state/rocksdb/state-folder.ts')
  return await holdFolder(join(stateDir, applicationId), rocksdb?.binding ?? 'auto', systemClock)
}

/** A module that starts the application would start it in each of its threads, and those in theirs. */
function checkOutermost(): void {
  if (isMainThread) return
  const started = workerData as { readonly module?: string; readonly topology?: string } | null
  if (typeof started?.module !== 'string' || typeof started.topology !== 'string') return
  throw new ConfigError(
    `${started.module}, which each thread loads, starts the application itself: put the configuration into a module ` +
      'of its own, and start the application where it is imported',
    { field: 'module' },
  )
}
