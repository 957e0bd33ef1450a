import type { AsyncCloseable } from '../core/disposable.ts'
import { LifecycleError, TopologyError } from '../core/errors.ts'
import { noHeaders } from '../core/headers.ts'
import { silentLogger } from '../core/logger.ts'
import { isPromise, type MaybePromise } from '../core/maybe-promise.ts'
import { noMetrics } from '../metrics/sensors.ts'
import { logAndFail, type DeadRecord } from '../runtime/error-handlers.ts'
import { withHeldBack } from '../runtime/held-back/held-back-plan.ts'
import { inProcessSchemaRegistry } from '../serdes/avro/in-process-schema-registry.ts'
import type { Serde } from '../serdes/serde.ts'
import { memoryState } from '../state/memory/memory-state.ts'
import type { KeyValueEntry, StateStore, StoreRef } from '../state/store.ts'
import type { IndexRef } from '../state/table-index.ts'
import type { StateProvider } from '../state/task-state.ts'
import { decoratedTopicName, type TopologyPlan } from '../topology/topology-plan.ts'
import type { Topic } from '../topology/topic.ts'
import { Arrivals } from './arrivals.ts'
import { BoundSerdes } from './bound-serdes.ts'
import { namesRead, readMatchingTopic } from './matching-topics.ts'
import { fetchedOf, type RawTestRecord } from './raw-test-record.ts'
import {
  TestInputTopic,
  type TestInputOptions,
  type TestInputPort,
  type TestInputRecord,
} from './test-input-topic.ts'
import { TestOutputTopic, type TestOutputRecord } from './test-output-topic.ts'
import { TestDeadLetters } from './test-dead-letters.ts'
import { hintAt } from './hint-at.ts'
import { prepareInputs } from './prepare-inputs.ts'
import { rowsOfIndex } from './test-index.ts'
import { testStore, type TestStoreOf, type AnyTestStore } from './test-stores.ts'
import { expireAll, openTestTasks, settleCalls, type TestTasks } from './test-tasks.ts'
import { TestTopics } from './test-topics.ts'
import { clockForCalls } from './clock-for-calls.ts'
import type { TopologyTestDriverOptions } from './topology-test-driver-options.ts'
import { VirtualClock } from './virtual-clock.ts'

type AnyTopic = Topic<unknown, unknown>

/** How a test says what is in a topic that it names. */
export interface TopicSerdes<K, V> {
  readonly key: Serde<K>
  readonly value: Serde<V>
}

/**
 * Runs a topology in a test: no broker, no disk, and time that moves only when the test says so.
 *
 * It runs the same tasks as a worker, one for each sub-topology. A record that is piped in is processed to its end,
 * through repartition topics too, before the call returns; where the topology has something to wait for, the call
 * returns a promise.
 *
 * @remarks Source: Java's `TopologyTestDriver`.
 */
export class TopologyTestDriver implements AsyncCloseable {
  /** The driver's wall clock; {@link TopologyTestDriver.advanceWallClock} moves it. */
  readonly clock: VirtualClock
  /** The records that went to the dead-letter topic, by error handlers or since they are held back. */
  readonly deadLetters: readonly DeadRecord[]
  readonly #plan: TopologyPlan
  readonly #applicationId: string
  readonly #serdes: BoundSerdes
  readonly #topics: TestTopics
  readonly #provider: StateProvider = memoryState()
  readonly #arrivals: Arrivals = new Arrivals()
  readonly #running: TestTasks = { tasks: [], stores: new Map() }
  readonly #letters: TestDeadLetters
  #pending: Promise<void> | undefined
  #closed = false

  /**
   * Opens a driver; close it, or use `await using`.
   *
   * @throws TopologyError where the topology cannot run.
   */
  static async create(
    topology: { plan(): TopologyPlan },
    options: TopologyTestDriverOptions = {},
  ): Promise<TopologyTestDriver> {
    const plan = topology.plan()
    const driver = new TopologyTestDriver(
      options.holdBackLaterRecords ? withHeldBack(plan) : plan,
      options,
    )
    try {
      await driver.#open(options)
    } catch (error) {
      await driver.close()
      throw error
    }
    return driver
  }

  private constructor(plan: TopologyPlan, options: TopologyTestDriverOptions) {
    this.clock = new VirtualClock(options.startMs ?? 0)
    this.deadLetters = []
    this.#plan = plan
    this.#applicationId = options.applicationId ?? 'test'
    this.#letters = new TestDeadLetters(this.#applicationId, options.holdBackLaterRecords ?? false)
    this.#serdes = new BoundSerdes({
      schemaRegistry: options.schemaRegistry ?? inProcessSchemaRegistry(),
    })
    this.#topics = new TestTopics(
      (topic) => options.partitions?.[topic] ?? 1,
      (topic, record) => this.#arrive(topic, record),
    )
  }

  /** A topic to put records into; by name where the test has no handle of it. */
  input<K, V>(topic: Topic<K, V>, options?: TestInputOptions): TestInputTopic<K, V>
  input<K, V>(
    name: string,
    serdes: TopicSerdes<K, V>,
    options?: TestInputOptions,
  ): TestInputTopic<K, V>
  input<K, V>(
    topic: Topic<K, V> | string,
    second?: TopicSerdes<K, V> | TestInputOptions,
    third?: TestInputOptions,
  ): TestInputTopic<K, V> {
    const port: TestInputPort = {
      nowMs: () => this.clock.now(),
      pipe: (to, record) => this.#pipe(to, record),
    }
    if (typeof topic !== 'string') {
      this.#checkRead(this.#brokerName(topic.name))
      return new TestInputTopic(topic, port, (second ?? {}) as TestInputOptions)
    }
    this.#checkRead(this.#brokerName(topic))
    const named = { name: topic, ...(second as TopicSerdes<K, V>) }
    return new TestInputTopic(named, port, third ?? {})
  }

  /** A topic that the topology writes to; by name where the test has no handle of it, as for internal topics. */
  output<K, V>(topic: Topic<K, V>): TestOutputTopic<K, V>
  output<K, V>(name: string, serdes: TopicSerdes<K, V>): TestOutputTopic<K, V>
  output<K, V>(topic: Topic<K, V> | string, serdes?: TopicSerdes<K, V>): TestOutputTopic<K, V> {
    const handle = typeof topic === 'string' ? { name: topic, ...serdes! } : topic
    return new TestOutputTopic(handle, {
      unread: (name) => this.#topics.unread(this.#brokerName(name)),
      read: <A, B>(from: Topic<A, B>) =>
        this.#read(from as unknown as AnyTopic) as TestOutputRecord<A, B> | undefined,
    })
  }

  /** Names of the topics that have had records, on the broker: input, output and internal ones. */
  get producedTopics(): readonly string[] {
    return this.#topics.names()
  }

  /** A store, with what was written so far. Throws `TopologyError` where the topology has none of that name. */
  store<S extends StateStore>(ref: StoreRef<S>): TestStoreOf<S>
  store(name: string): AnyTestStore
  store(ref: StoreRef | string): AnyTestStore {
    const name = typeof ref === 'string' ? ref : ref.storeName
    const store = this.#running.stores.get(name)
    if (store) return testStore(store)
    const hint = hintAt(name, [...this.#running.stores.keys()], 'Its stores are')
    throw new TopologyError(`The topology has no store ${name}. ${hint}`)
  }

  /** The rows of a table that have this index key, by the bytes of their keys. */
  async indexed<I, K, V>(index: IndexRef<I, K, V>, indexKey: I): Promise<KeyValueEntry<K, V>[]> {
    return await rowsOfIndex(this.#running.stores, index, indexKey)
  }

  /**
   * Writes a dead letter back to its topic, as `millrace dlq redrive` does, and processes it.
   *
   * @throws TopologyError where it came from no topic
   */
  redrive(letter: DeadRecord): MaybePromise<void> {
    return this.#inTurn(() => {
      const { topic, record } = this.#letters.redriven(letter)
      this.#topics.append(topic, record)
      return this.#drain()
    })
  }

  /** Gives a dead letter up, as `millrace dlq drop` does: what is held back no longer waits for it. */
  drop(letter: DeadRecord): void {
    this.#letters.drop(letter)
  }

  /** Moves the wall clock on by so many milliseconds and runs each wall-clock punctuation that is due, once. */
  advanceWallClock(ms: number): MaybePromise<void> {
    return this.#inTurn(() => {
      this.clock.advanceSync(ms)
      return this.#punctuate(0)
    })
  }

  /** Closes the processors and drops everything. Throws what a processor's `close` threw. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    try {
      for (const { task } of this.#running.tasks) await task.close()
    } finally {
      await this.#provider.close()
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #open(options: TopologyTestDriverOptions): Promise<void> {
    const { handlers } = options
    await openTestTasks(
      {
        applicationId: this.#applicationId,
        plan: this.#plan,
        collector: this.#topics,
        clock: this.clock,
        callClock: clockForCalls,
        retries: 'at-once',
        logger: options.logger ?? silentLogger,
        metrics: options.metrics ?? noMetrics,
        environment: this.#serdes.environment,
        handlers: {
          deserialization: handlers?.deserialization ?? logAndFail,
          processing: handlers?.processing ?? logAndFail,
          production: handlers?.production ?? logAndFail,
        },
        deadLetter: (failed) => {
          ;(this.deadLetters as DeadRecord[]).push(failed)
        },
        holdBack: this.#letters.holdBack,
        maxTaskIdleMs: options.maxTaskIdleMs ?? 0,
        isolation: 'read_committed',
        ...(options.timestampExtractor && { timestampExtractor: options.timestampExtractor }),
      },
      this.#provider,
      this.#running,
    )
    for (const { task } of this.#running.tasks) {
      for (const { topic, partition } of task.inputPartitions) task.updateLag(topic, partition, 0)
    }
    await prepareInputs(this.#plan, (topic) => this.#prepare(topic))
  }

  #pipe(
    topic: AnyTopic,
    record: TestInputRecord<unknown, unknown> & { readonly timestampMs: number },
  ): MaybePromise<void> {
    return this.#inTurn(() => {
      const preparing = this.#prepare(topic)
      const put = (): MaybePromise<void> => {
        const name = this.#brokerName(topic.name)
        this.#topics.append(name, {
          partition: 0,
          timestampMs: record.timestampMs,
          key: this.#serdes.write(topic.key, record.key, { topic: name, part: 'key' }),
          value: this.#serdes.write(topic.value, record.value, { topic: name, part: 'value' }),
          headers: record.headers ?? noHeaders,
        })
        return this.#drain()
      }
      return isPromise(preparing) ? preparing.then(put) : put()
    })
  }

  #prepare(topic: AnyTopic): MaybePromise<void> {
    const name = this.#brokerName(topic.name)
    const key = this.#serdes.prepare(topic.key, { topic: name, part: 'key' })
    const value = this.#serdes.prepare(topic.value, { topic: name, part: 'value' })
    return isPromise(key) || isPromise(value) ? Promise.all([key, value]).then(() => {}) : undefined
  }

  #read(topic: AnyTopic): TestOutputRecord<unknown, unknown> | undefined {
    const name = this.#brokerName(topic.name)
    const raw = this.#topics.read(name)
    if (!raw) return undefined
    return {
      key: this.#serdes.read(topic.key, raw.key, { topic: name, part: 'key' }),
      value: this.#serdes.read(topic.value, raw.value, { topic: name, part: 'value' }),
      timestampMs: raw.timestampMs,
      headers: raw.headers,
    }
  }

  /** Rows of global tables are there for whatever is processed next; all else waits for its turn. */
  #arrive(topic: string, record: RawTestRecord): void {
    if (this.#plan.globalStores.some((global) => global.topic === topic)) this.#hand(topic, record)
    else if (this.#isRead(topic)) this.#arrivals.add(topic, record)
  }

  /** Gives a record to the tasks that read its topic. */
  #hand(topic: string, record: RawTestRecord): void {
    for (const { task, topics } of this.#running.tasks) {
      if (topics.has(topic)) task.addFetched(fetchedOf(topic, record))
    }
  }

  /** Processes until no task has anything to do: one record after the other, with all that comes of each. */
  #drain(): MaybePromise<void> {
    for (;;) {
      const busy = this.#running.tasks.find(({ task }) => task.isProcessable(this.clock.now()))
      if (busy) {
        const processing = busy.task.processFor(Number.POSITIVE_INFINITY)
        if (isPromise(processing)) return processing.then(() => this.#drain())
        continue
      }
      const settling = settleCalls(this.#running.tasks)
      if (settling) return settling.then(() => this.#drain())
      const next = this.#arrivals.take()
      if (!next) return expireAll(this.#running.tasks)
      this.#hand(next.topic, next.record)
    }
  }

  #punctuate(from: number): MaybePromise<void> {
    const { tasks } = this.#running
    for (let i = from; i < tasks.length; i++) {
      const punctuating = tasks[i]!.task.punctuate(this.clock.now())
      if (isPromise(punctuating)) return punctuating.then(() => this.#punctuate(i + 1))
    }
    return this.#drain()
  }

  /** Runs at once, or after what is still waiting. */
  #inTurn(work: () => MaybePromise<void>): MaybePromise<void> {
    if (this.#closed) throw new LifecycleError('The test driver is closed.')
    const result = this.#pending === undefined ? work() : this.#pending.then(work, work)
    if (!isPromise(result)) return undefined
    const pending = result.finally(() => {
      if (this.#pending === pending) this.#pending = undefined
    })
    this.#pending = pending
    return pending
  }

  #checkRead(topic: string): void {
    if (this.#isRead(topic)) return
    const hint = hintAt(topic, namesRead(this.#plan, this.#running.tasks), 'It reads')
    throw new TopologyError(`No source of the topology reads the topic ${topic}. ${hint}`)
  }

  #isRead(topic: string): boolean {
    if (this.#running.tasks.some(({ topics }) => topics.has(topic))) return true
    return readMatchingTopic(this.#plan, this.#applicationId, this.#running.tasks, topic)
  }

  #brokerName(name: string): string {
    return decoratedTopicName(this.#plan, this.#applicationId, name)
  }
}
