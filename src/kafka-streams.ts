import type { AsyncCloseable } from './core/disposable.ts'
import { LifecycleError } from './core/errors.ts'
import { consoleLogger } from './console-logger.ts'
import { checkConfig } from './check-config.ts'
import type { KafkaStreamsConfig } from './kafka-streams-config.ts'
import { openLocalStreams, type LocalParts } from './local-streams.ts'
import { PrometheusMetrics } from './metrics/prometheus.ts'
import { openRegistry, type OpenRegistry } from './open-registry.ts'
import { HttpServer } from './query/http-server.ts'
import { IndexView } from './query/index-view.ts'
import { queryableStores } from './query/queryable-stores.ts'
import { ViewCatalogue } from './query/view-catalogue.ts'
import { viewOf, type ViewOf } from './query/view-of.ts'
import type { WorkerStateListener } from './runtime/worker-lifecycle.ts'
import type { WorkerStatus } from './runtime/worker-status.ts'
import type { StateStore, StoreRef } from './state/store.ts'
import type { IndexRef } from './state/table-index.ts'
import type { StreamsHost } from './streams-host.ts'
import type { ThreadedParts } from './threaded-streams.ts'
import { requireNames, unnamedResources, unnamedText } from './topology/unnamed-resources.ts'

/** What was opened for a worker, to be closed after it. */
interface Opened {
  readonly host: StreamsHost
  readonly catalogue: ViewCatalogue
  readonly registry: OpenRegistry
  readonly http: HttpServer | undefined
}

/**
 * A worker of an application: runs its share of the topology's tasks, answers queries, and exposes metrics.
 *
 * Start as many of them as there is work for, in as many processes, with the same configuration but for ports and state
 * folder.
 *
 * @throws ConfigError where the configuration cannot be used, naming each key at fault; TopologyError for stores and
 * repartition topics without names of the user's, unless `requireExplicitNames` is false
 * @remarks Source: `org.apache.kafka.streams.KafkaStreams`.
 */
export class KafkaStreams implements AsyncCloseable {
  /** What `/metrics` exposes; an application may add instruments of its own. */
  readonly metrics: PrometheusMetrics
  readonly #config: KafkaStreamsConfig
  /** What ends each listening, once there is a worker to listen to. */
  readonly #listeners = new Map<WorkerStateListener, (() => void) | undefined>()
  #opened: Opened | undefined
  #httpUrl: string | undefined
  #started = false
  #closing: Promise<void> | undefined

  constructor(config: KafkaStreamsConfig) {
    checkConfig(config)
    checkNames(config)
    this.#config = config
    this.metrics = new PrometheusMetrics({
      defaultLabels: { application: config.applicationId },
    })
  }

  /**
   * Starts, and resolves when this worker's tasks are restored and running.
   *
   * Where it rejects, everything that was opened is closed again: BrokerUnavailableError, SchemaRegistryError,
   * UnknownTopicError, TopologyError, StateLockedError, StateCorruptedError and ConfigError say what is wrong and what
   * to do; an aborted signal rejects with its reason.
   */
  async start(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    if (this.#started) {
      throw new LifecycleError('This KafkaStreams was started before; make a new one')
    }
    this.#started = true
    try {
      const opened = await this.#open()
      // Closing while this opened something found nothing to close.
      if (this.#closing) {
        await closeAll(opened)
        throw new LifecycleError('The application was closed before it had started')
      }
      this.#opened = opened
      await opened.host.connect(options)
      this.#httpUrl = await opened.http?.listen()
      await opened.host.start(options)
    } catch (error) {
      await this.close()
      throw error
    }
  }

  /** What the worker does now, and how far each of its tasks is. */
  status(): WorkerStatus {
    const { applicationId } = this.#config
    return (
      this.#opened?.host.status() ?? {
        state: this.#closing ? 'closed' : 'created',
        applicationId,
        error: undefined,
        tasks: [],
        standbys: [],
      }
    )
  }

  /** Where the HTTP face listens, such as `http://127.0.0.1:9464`; undefined where there is none. */
  get httpUrl(): string | undefined {
    return this.#httpUrl
  }

  /** Resolves when the worker was closed; rejects with what ended it. */
  get closed(): Promise<void> {
    return this.#opened?.host.closed ?? Promise.resolve()
  }

  /** Calls back at each change of state; returns what ends that. */
  onStateChange(listener: WorkerStateListener): () => void {
    this.#listeners.set(listener, this.#opened?.host.onStateChange(listener))
    return () => {
      this.#listeners.get(listener)?.()
      this.#listeners.delete(listener)
    }
  }

  /**
   * Reads a materialized store as of the last commit, over the partitions that are on this worker.
   *
   * @param ref - a table that is materialized, an index of one, or a store's declaration
   * @throws LifecycleError before start; ViewNotFoundError where the topology has no such store
   */
  view<I, K, V>(index: IndexRef<I, K, V>): IndexView<I, K, V>
  view<S extends StateStore>(ref: StoreRef<S>): ViewOf<S>
  view<S extends StateStore, I, K, V>(
    ref: StoreRef<S> | IndexRef<I, K, V>,
  ): ViewOf<S> | IndexView<I, K, V> {
    const opened = this.#opened
    if (!opened) throw new LifecycleError('Views can be read once the worker has started')
    const { catalogue } = opened
    if ('keysOf' in ref) {
      const table = catalogue.reader(ref.table.storeName)
      return new IndexView(ref, catalogue.reader(ref.storeName), table)
    }
    return viewOf<S>(catalogue.reader(ref.storeName))
  }

  /**
   * Stops: finishes the record in hand, commits, leaves the group, closes state and connections. Closing again waits
   * for the first. What cannot be committed within `timeoutMs` (default: 30,000) is done again by whoever has the tasks
   * next.
   */
  close(options: { readonly timeoutMs?: number } = {}): Promise<void> {
    this.#closing ??= this.#close(options)
    return this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #open(): Promise<Opened> {
    const { http, logger = consoleLogger } = this.#config
    const registry = await openRegistry(this.#config)
    const { environment } = registry
    const hosting = { environment, logger, metrics: this.metrics }
    const host = await this.#openHost(hosting).catch(async (error: unknown) => {
      await registry.close()
      throw error
    })
    for (const listener of this.#listeners.keys()) {
      this.#listeners.set(listener, host.onStateChange(listener))
    }
    const plan = this.#config.topology.plan()
    const catalogue = new ViewCatalogue(host, queryableStores(plan, registry.environment))
    const parts = { worker: host, catalogue, metrics: this.metrics, logger }
    return { host, catalogue, registry, http: http && new HttpServer({ ...http, ...parts }) }
  }

  async #openHost(parts: LocalParts & ThreadedParts): Promise<StreamsHost> {
    if ((this.#config.threads ?? 1) === 1) return await openLocalStreams(this.#config, parts)
    // Loaded when it is asked for: one thread needs none of it.
    const { openThreadedStreams } = await import('./threaded-streams.ts')
    return await openThreadedStreams(this.#config, parts)
  }

  async #close(options: { readonly timeoutMs?: number }): Promise<void> {
    if (this.#opened) await closeAll(this.#opened, options)
  }
}

async function closeAll(opened: Opened, options?: { readonly timeoutMs?: number }): Promise<void> {
  await opened.host.stop(options)
  await opened.http?.close()
  await opened.host.close()
  await opened.registry.close()
}

function checkNames({
  topology,
  requireExplicitNames,
  logger = consoleLogger,
}: KafkaStreamsConfig): void {
  const plan = topology.plan()
  if (requireExplicitNames ?? true) return requireNames(plan)
  const resources = unnamedResources(plan)
  if (resources.length > 0) logger.warn(unnamedText(resources))
}
