import type { Fetcher } from '../broker/port.ts'
import type { TopicPartition } from '../core/topic-partition.ts'
import { UnknownTopicError, messageOf } from '../core/errors.ts'
import type { StateStore } from '../state/store.ts'
import type { StoreClock, TaskState } from '../state/task-state.ts'
import type { SubTopology } from '../topology/topology-plan.ts'
import { isolationOf } from './active-task.ts'
import type { ErrorHandler } from './error-handlers.ts'
import { openTaskState } from './open-task-state.ts'
import { isHopelessAtStart, isRecoverable } from './recoverable.ts'
import type { RecordCollector } from './record-collector.ts'
import { StreamTask } from './stream-task.ts'
import type { WorkerOptions } from './worker-options.ts'
import type { StoreView } from './worker-status.ts'

const pollTimeoutMs = 500
const sliceMs = 20

/**
 * The global stores of a worker: read whole from their topics before the worker starts, then followed. Every worker has
 * all of each.
 *
 * A record that fails is logged and skipped: every worker reads the topic at every start, so a dead letter would be
 * written each time anew.
 */
export class GlobalStores {
  readonly #options: WorkerOptions
  #task: StreamTask | undefined
  #state: TaskState | undefined
  #fetcher: Fetcher | undefined
  #following: Promise<void> = Promise.resolve()
  readonly #closing = new AbortController()
  #closed = false

  constructor(options: WorkerOptions) {
    this.#options = options
  }

  /** A global store as of what was read last; undefined where there is none of the name. */
  store(name: string): StateStore | undefined {
    const known = this.#options.plan.globalStores.some(({ store }) => store.storeName === name)
    return known && !this.#closed ? this.#state?.committedStore(name) : undefined
  }

  view(name: string): StoreView | undefined {
    const store = this.store(name)
    if (!store) return undefined
    const asOfMs = this.#task?.streamTimeMs ?? -1
    return {
      storeName: name,
      taskId: 'global',
      partition: undefined,
      partitions: 1,
      store,
      asOfMs,
      lagRecords: undefined,
    }
  }

  /**
   * Reads every topic to the end that it has now, and goes on following them until {@link close}. Rejects with the
   * signal's reason where that is aborted first.
   */
  async start(
    collector: RecordCollector,
    onFailure: (error: Error) => void,
    signal: AbortSignal,
  ): Promise<void> {
    if (this.#options.plan.globalStores.length === 0) return
    for (;;) {
      try {
        return await this.#begin(collector, onFailure, signal)
      } catch (error) {
        await this.#release()
        if (signal.aborted || !isRecoverable(error) || isHopelessAtStart(error)) throw error
        const { logger, clock, config } = this.#options
        logger.warn('Reading the global stores failed; beginning again', {
          reason: messageOf(error),
        })
        await clock.sleep(config.retryBackoffMs, signal)
      }
    }
  }

  async #begin(
    collector: RecordCollector,
    onFailure: (error: Error) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const { broker, config } = this.#options
    const partitions = await this.#partitions()
    const state = await this.#openState()
    this.#state = state
    const task = this.#createTask(state, partitions, collector)
    this.#task = task
    const isolation = isolationOf(config.processingGuarantee)
    const fetcher = broker.openFetcher({ isolation })
    this.#fetcher = fetcher
    const starts = await broker.listOffsets(partitions, 'earliest', isolation)
    const ends = await broker.listOffsets(partitions, 'latest', isolation)
    const open = new Map(
      ends
        .filter((end) => (starts.find((start) => same(start, end))?.offset ?? 0) < end.offset)
        .map((end) => [`${end.topic}-${end.partition}`, end.offset]),
    )
    for (const { topic, partition } of partitions) task.updateLag(topic, partition, 0)
    await task.initialize()
    fetcher.assign(starts)
    while (open.size > 0) {
      signal.throwIfAborted()
      for (const { topic, partition, nextOffset } of await this.#step(task, state, fetcher)) {
        const name = `${topic}-${partition}`
        if (nextOffset >= (open.get(name) ?? 0)) open.delete(name)
      }
    }
    this.#following = this.#follow(task, state, fetcher, onFailure)
  }

  async close(): Promise<void> {
    this.#closing.abort()
    this.#closed = true
    await this.#following
    await this.#release()
  }

  async #release(): Promise<void> {
    try {
      await this.#fetcher?.close()
      await this.#task?.close()
    } finally {
      await this.#state?.close()
      this.#fetcher = undefined
      this.#task = undefined
      this.#state = undefined
    }
  }

  async #follow(
    task: StreamTask,
    state: TaskState,
    fetcher: Fetcher,
    onFailure: (error: Error) => void,
  ): Promise<void> {
    while (!this.#closing.signal.aborted) {
      try {
        await this.#step(task, state, fetcher)
      } catch (error) {
        if (this.#closing.signal.aborted) return
        const { retriable } = error as { retriable?: boolean }
        if (!retriable) {
          onFailure(error as Error)
          return
        }
        this.#options.logger.warn('Following the global stores failed; trying again', {
          reason: messageOf(error),
        })
        const { clock, config } = this.#options
        await clock.sleep(config.retryBackoffMs, this.#closing.signal).catch(() => undefined)
      }
    }
  }

  /** Takes what has arrived into the stores, and makes it visible. */
  async #step(
    task: StreamTask,
    state: TaskState,
    fetcher: Fetcher,
  ): Promise<readonly (TopicPartition & { nextOffset: number })[]> {
    const { clock } = this.#options
    const fetched = await fetcher.poll({
      timeoutMs: pollTimeoutMs,
      signal: this.#closing.signal,
    })
    if (fetched.length === 0) return fetched
    for (const each of fetched) task.addFetched(each)
    while (task.isProcessable(clock.now())) {
      await task.processFor(clock.monotonicMs() + sliceMs)
      await clock.yieldToEventLoop()
    }
    await task.expire()
    if (task.commitNeeded) await state.apply(task.prepareCommit().sealed, new Map())
    return fetched
  }

  async #partitions(): Promise<TopicPartition[]> {
    const { plan, broker } = this.#options
    const topics = plan.globalStores.map((global) => global.topic)
    const found = await broker.describeTopics(topics)
    return topics.flatMap((topic) => {
      const description = found.get(topic)
      if (!description) {
        throw new UnknownTopicError(`The topic ${topic} of a global store does not exist`)
      }
      return Array.from({ length: description.partitions }, (_, partition) => ({
        topic,
        partition,
      }))
    })
  }

  readonly #clock: StoreClock = { recordTimestampMs: -1, streamTimeMs: -1 }

  /** The topic is the store's changelog, and is read from its start each time. */
  async #openState(): Promise<TaskState> {
    const { plan, environment } = this.#options
    const topics = new Map(
      plan.globalStores.map(({ store, topic }) => [store.storeName, topic] as const),
    )
    const opened = await openTaskState(this.#options, {
      taskId: 'global',
      specs: plan.globalStores.map(({ store }) => store),
      clock: this.#clock,
      environment,
      changelogTopic: (name) => topics.get(name)!,
    })
    for (const name of topics.keys()) await opened.clear(name)
    return opened
  }

  #createTask(
    state: TaskState,
    inputPartitions: readonly TopicPartition[],
    collector: RecordCollector,
  ): StreamTask {
    const { plan, config, handlers } = this.#options
    const subTopology: SubTopology = {
      // The numbers of sub-topologies may have gaps.
      id: Math.max(-1, ...plan.subTopologies.map(({ id }) => id)) + 1,
      nodes: plan.globalStores.flatMap(({ source, processor }) => [source, processor]),
      sourceTopics: plan.globalStores.map(({ topic }) => topic),
      stores: plan.globalStores.map(({ store }) => store),
      changelogs: new Map(),
      copartitionGroups: [],
    }
    const skipping =
      (handler: ErrorHandler): ErrorHandler =>
      async (failed) => {
        const response = await handler(failed)
        return response === 'dead-letter' ? 'continue' : response
      }
    return StreamTask.create({
      ...this.#options,
      id: { subTopology: subTopology.id, partition: 0 },
      subTopology,
      inputPartitions,
      collector,
      state,
      storeClock: this.#clock,
      handlers: {
        deserialization: skipping(handlers.deserialization),
        processing: skipping(handlers.processing),
        production: skipping(handlers.production),
      },
      deadLetter: () => {},
      maxTaskIdleMs: -1,
      retries: 'never',
      isolation: isolationOf(config.processingGuarantee),
      globalStore: (name) => this.store(name),
    })
  }
}

function same(a: TopicPartition, b: TopicPartition): boolean {
  return a.topic === b.topic && a.partition === b.partition
}
