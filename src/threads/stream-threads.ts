import type { Clock } from '../core/clock.ts'
import { LifecycleError } from '../core/errors.ts'
import type { Logger } from '../core/logger.ts'
import type { WorkerLifecycle, WorkerStateListener } from '../runtime/worker-lifecycle.ts'
import type { StoreView, WorkerStatus, BrokerStatus } from '../runtime/worker-status.ts'
import type { StoreKind } from '../state/store.ts'
import { aggregateState } from './aggregate-state.ts'
import { errorOf } from './error-message.ts'
import type { StorePlace, ThreadTask } from './protocol.ts'
import { RemoteStoreView } from './remote-store.ts'
import type { StoreCodec } from './store-codec.ts'
import { StreamThread } from './stream-thread.ts'
import type { TaskFolders } from './task-folders.ts'
import type { ThreadFailures } from './thread-failures.ts'

/** What the threads of a process are made of. */
export interface StreamThreadsOptions {
  readonly applicationId: string
  /** How many. */
  readonly count: number
  readonly entry: URL
  /** What each thread is started with, but for its index. */
  readonly task: Omit<ThreadTask, 'index'>
  readonly folders: TaskFolders
  readonly failures: ThreadFailures
  readonly lifecycle: WorkerLifecycle
  readonly clock: Clock
  readonly logger: Logger
  readonly codecs: ReadonlyMap<string, StoreCodec>
  readonly kinds: ReadonlyMap<string, StoreKind>
  /** A thread that says nothing for so long is taken for stuck. */
  readonly patienceMs: number
  /** What is closed after the threads. */
  readonly afterwards: () => Promise<void>
}

const closeTimeoutMs = 30_000
const placesTimeoutMs = 2_000

/**
 * The threads of a process, each with a worker of its own: one state, one set of tasks and stores for whoever asks.
 *
 * @remarks Source: `num.stream.threads` of `org.apache.kafka.streams.KafkaStreams`.
 */
export class StreamThreads {
  readonly #options: StreamThreadsOptions
  readonly #threads = new Map<number, StreamThread>()
  readonly #closing = new AbortController()
  /** Where a store was when the threads were last asked; what they report is used where they were not. */
  readonly #places = new Map<string, Map<number, readonly StorePlace[]>>()
  #isStarted = false
  #stopping: Promise<void> | undefined

  constructor(options: StreamThreadsOptions) {
    this.#options = options
  }

  /** Begins the threads: each loads the module, and reaches the broker. Rejects with what the first to fail threw. */
  async connect(): Promise<void> {
    for (let index = 1; index <= this.#options.count; index++) this.#begin(index)
    await Promise.all([...this.#threads.values()].map(({ channel }) => channel.call('open')))
  }

  async start(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    const { lifecycle } = this.#options
    const { signal } = options
    signal?.throwIfAborted()
    lifecycle.move('starting')
    const onAbort = (): void => void this.stop({ timeoutMs: 0 })
    signal?.addEventListener('abort', onAbort, { once: true })
    try {
      await Promise.all([...this.#threads.values()].map(({ channel }) => channel.call('start')))
      this.#isStarted = true
      this.#settleState()
    } catch (error) {
      signal?.throwIfAborted()
      lifecycle.fail(error as Error)
      throw error
    } finally {
      signal?.removeEventListener('abort', onAbort)
    }
  }

  get closed(): Promise<void> {
    return this.#options.lifecycle.ended()
  }

  onStateChange(listener: WorkerStateListener): () => void {
    return this.#options.lifecycle.onChange(listener)
  }

  status(): WorkerStatus {
    const { applicationId, lifecycle } = this.#options
    const threads = [...this.#threads.values()]
    return {
      state: lifecycle.state,
      applicationId,
      error: lifecycle.error,
      tasks: threads.flatMap(({ name, report }) =>
        report.tasks.map((task) => ({ ...task, thread: name })),
      ),
      standbys: threads.flatMap(({ report }) => report.standbys),
      broker: brokerOf(threads.map(({ report }) => report.broker)),
      threads: threads.map(({ name, report, silentMs }) => ({
        name,
        state: report.state,
        error: report.error && errorOf(report.error),
        silentMs: Math.round(silentMs),
      })),
    }
  }

  /** Which thread has said nothing for so long that it must be stuck; undefined where none has. */
  stuck(): string | undefined {
    if (!this.#isStarted || this.#closing.signal.aborted) return undefined
    for (const { name, silentMs } of this.#threads.values()) {
      if (silentMs > this.#options.patienceMs) {
        return `${name} has said nothing for ${Math.round(silentMs / 1000)} s: code in it blocks it`
      }
    }
    return undefined
  }

  /** Asks the threads where a store's partitions are; one that does not answer soon is taken at its last report. */
  async locate(storeName: string): Promise<void> {
    const places = new Map<number, readonly StorePlace[]>()
    const giveUp = new AbortController()
    const late = this.#options.clock.sleep(placesTimeoutMs, giveUp.signal).catch(() => undefined)
    const asked = [...this.#threads.values()].map(async ({ index, channel }) => {
      const found = await Promise.race([
        channel.call('places', storeName).catch(() => undefined),
        late,
      ])
      if (found) places.set(index, found)
    })
    await Promise.all(asked)
    giveUp.abort()
    this.#places.set(storeName, places)
  }

  storeViews(storeName: string): StoreView[] {
    const { codecs, kinds } = this.#options
    const codec = codecs.get(storeName)
    const kind = kinds.get(storeName)
    if (!codec || !kind) return []
    const views: StoreView[] = []
    for (const thread of this.#threads.values()) {
      const { index, report } = thread
      const known = this.#places.get(storeName)?.get(index)
      for (const place of known ?? report.stores.filter((each) => each.storeName === storeName)) {
        // Each thread has a copy of every global store; one of them is enough.
        if (place.taskId === 'global' && views.length > 0) continue
        views.push(new RemoteStoreView(place, kind, codec, thread))
      }
    }
    return views.sort((a, b) => (a.partition ?? 0) - (b.partition ?? 0))
  }

  /** The metrics of every thread that answers, by the thread's name. */
  async metrics(): Promise<Map<string, readonly object[]>> {
    const found = new Map<string, readonly object[]>()
    const giveUp = new AbortController()
    const late = this.#options.clock.sleep(placesTimeoutMs, giveUp.signal).catch(() => undefined)
    const asked = [...this.#threads.values()].map(async ({ name, channel }) => {
      const metrics = await Promise.race([channel.call('metrics').catch(() => undefined), late])
      if (metrics) found.set(name, metrics)
    })
    await Promise.all(asked)
    giveUp.abort()
    return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)))
  }

  /** Closes all threads; those that do not end in time are ended. */
  stop(options: { readonly timeoutMs?: number } = {}): Promise<void> {
    this.#stopping ??= this.#stop(options.timeoutMs ?? closeTimeoutMs)
    return this.#stopping
  }

  async close(): Promise<void> {
    await this.stop()
    await this.#options.afterwards()
  }

  #begin(index: number): StreamThread {
    const { entry, task, folders, clock, logger } = this.#options
    const thread = new StreamThread({
      entry,
      task: { ...task, index },
      folders,
      clock,
      logger,
      onReport: ({ index }) => this.#noteReport(index),
    })
    this.#threads.set(index, thread)
    void thread.ended.then((error) => this.#onEnded(thread, error))
    return thread
  }

  async #onEnded(thread: StreamThread, error: Error | undefined): Promise<void> {
    const { failures, clock, logger } = this.#options
    this.#noteReport(thread.index)
    // While they start, whoever starts them is told.
    if (this.#closing.signal.aborted || !this.#isStarted) return
    const reason = error ?? new LifecycleError(`${thread.name} was closed by itself`)
    const waitMs = await failures.decide(thread.name, reason, clock.monotonicMs())
    if (this.#closing.signal.aborted) return
    if (waitMs === undefined) {
      this.#fail(reason)
      return
    }
    try {
      await clock.sleep(waitMs, this.#closing.signal)
    } catch {
      return
    }
    const next = this.#begin(thread.index)
    try {
      await next.channel.call('open')
      await next.channel.call('start')
      logger.info('A thread was replaced', { thread: next.name })
    } catch (failure) {
      // Its end is told to this method again, with the reason.
      await next.abandon(failure as Error)
    }
  }

  /** All threads have the same right to go on or not: where one may not, none does. */
  #fail(error: Error): void {
    this.#options.lifecycle.fail(error)
    void this.stop()
  }

  async #stop(timeoutMs: number): Promise<void> {
    const { lifecycle } = this.#options
    this.#closing.abort(new LifecycleError('The threads are closing'))
    if (!lifecycle.isEnding) lifecycle.move('pending-shutdown')
    await Promise.all([...this.#threads.values()].map((thread) => thread.close(timeoutMs)))
    lifecycle.end()
  }

  /** What a thread says by itself is newer than what it was asked for. */
  #noteReport(index: number): void {
    for (const places of this.#places.values()) places.delete(index)
    this.#settleState()
  }

  #settleState(): void {
    if (!this.#isStarted || this.#closing.signal.aborted) return
    const states = [...this.#threads.values()].map(({ report }) => report.state)
    this.#options.lifecycle.move(aggregateState(states))
  }
}

/** As the thread sees it that it does not answer, if there is one. */
function brokerOf(seen: readonly (BrokerStatus | undefined)[]): BrokerStatus | undefined {
  return seen.find((each) => each?.connected === false) ?? seen.find((each) => each !== undefined)
}
