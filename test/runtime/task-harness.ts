import { unpacked, type PackedBytes } from '../../src/core/byte-text.ts'
import type { Headers } from '../../src/core/headers.ts'
import type { Logger } from '../../src/core/logger.ts'
import type { MaybePromise } from '../../src/core/maybe-promise.ts'
import type { Counter, Gauge, Histogram, Labels, Metrics } from '../../src/metrics/sensors.ts'
import { ChangelogWriter } from '../../src/runtime/changelog-writer.ts'
import { logAndFail, type DeadRecord } from '../../src/runtime/error-handlers.ts'
import type { RecordCollector } from '../../src/runtime/record-collector.ts'
import { StreamTask } from '../../src/runtime/stream-task.ts'
import type { StreamTaskOptions } from '../../src/runtime/stream-task-options.ts'
import { memoryState } from '../../src/state/index.ts'
import { LastWrite } from '../../src/state/last-write.ts'
import type { StoreClock, TaskState } from '../../src/state/task-state.ts'
import { VirtualClock } from '../../src/testing/virtual-clock.ts'
import type { Topology } from '../../src/topology/topology.ts'
import { fetched, type FetchedOptions, type InputText } from './fetched-records.ts'

/** A record that a task sent, with text for bytes. */
export interface SentText {
  readonly topic: string
  readonly partition: number | undefined
  readonly timestampMs: number
  readonly key: string | null
  readonly value: string | null
  readonly headers: Headers
}

/** Keeps what is sent. */
export class TextCollector implements RecordCollector {
  readonly takesText = true
  readonly sent: SentText[] = []
  readonly prepared: string[] = []
  /** What `ready` answers. */
  backpressure: Promise<void> | undefined
  /** Called for each record before it is kept; may throw. */
  onSend: (record: SentText) => void = () => {}

  send(
    topic: string,
    partition: number | undefined,
    timestampMs: number,
    key: PackedBytes | null,
    value: PackedBytes | null,
    headers: Headers,
  ): void {
    const record: SentText = {
      topic,
      partition,
      timestampMs,
      key: key === null ? null : unpacked(key).toString(),
      value: value === null ? null : unpacked(value).toString(),
      headers,
    }
    this.onSend(record)
    this.sent.push(record)
  }

  ready(): Promise<void> | undefined {
    return this.backpressure
  }

  partitions(): number {
    return 4
  }

  prepare(topics: readonly string[]): MaybePromise<void> {
    this.prepared.push(...topics)
  }

  values(topic: string): (string | null)[] {
    return this.sent.filter((record) => record.topic === topic).map(({ value }) => value)
  }
}

/** Sums of counters by name and the labels beside the task's own. */
export class CountingMetrics implements Metrics {
  readonly counts = new Map<string, number>()
  readonly observations = new Map<string, number[]>()
  readonly gauges = new Map<string, () => number>()
  readonly removed: Labels[] = []

  counter(name: string, _help: string, labels: Labels = {}): Counter {
    const { reason, stage } = labels
    const key = [name, reason ?? stage].filter(Boolean).join(' ')
    return { add: (amount = 1) => this.counts.set(key, (this.counts.get(key) ?? 0) + amount) }
  }

  gauge(): Gauge {
    return { set() {} }
  }

  observedGauge(name: string, _help: string, _labels: Labels, read: () => number): void {
    this.gauges.set(name, read)
  }

  histogram(name: string): Histogram {
    const observed: number[] = []
    this.observations.set(name, observed)
    return { observe: (value) => observed.push(value) }
  }

  remove(labels: Labels): void {
    this.removed.push(labels)
  }
}

/** Keeps messages by level. */
export class KeepingLogger implements Logger {
  readonly messages: string[] = []
  debug(message: string): void {
    this.messages.push(`debug ${message}`)
  }
  info(message: string): void {
    this.messages.push(`info ${message}`)
  }
  warn(message: string): void {
    this.messages.push(`warn ${message}`)
  }
  error(message: string): void {
    this.messages.push(`error ${message}`)
  }
}

export interface TaskHarness extends AsyncDisposable {
  readonly task: StreamTask
  readonly state: TaskState
  readonly storeClock: StoreClock
  readonly clock: VirtualClock
  readonly collector: TextCollector
  readonly metrics: CountingMetrics
  readonly logger: KeepingLogger
  readonly deadLetters: DeadRecord[]
  /** Adds records of partition 0 of a topic. */
  feed(topic: string, records: readonly InputText[], options?: FetchedOptions): void
  /** Processes until nothing is left to do. */
  drain(): MaybePromise<number>
  /** Seals and applies, as a worker's commit does. */
  commit(): Promise<ReturnType<StreamTask['prepareCommit']>>
}

/** How a harness may differ from a worker's ordinary task. */
export interface HarnessOptions extends Partial<StreamTaskOptions> {
  /** Stands for the time that reading ahead takes; its promise is what the state's answer is. */
  readonly load?: () => MaybePromise<void>
}

/** A task of a topology's only sub-topology, on state in memory and a clock that stands still. */
export async function taskOf(
  topology: Topology,
  { load, ...overrides }: HarnessOptions = {},
): Promise<TaskHarness> {
  const plan = topology.plan()
  const subTopology = plan.subTopologies[0]!
  const id = { subTopology: subTopology.id, partition: 0 }
  const storeClock: StoreClock = {
    recordTimestampMs: -1,
    streamTimeMs: -1,
    lastWrite: new LastWrite(),
  }
  const clock = new VirtualClock(1_000_000)
  const collector = new TextCollector()
  const metrics = new CountingMetrics()
  const logger = new KeepingLogger()
  const deadLetters: DeadRecord[] = []
  const provider = memoryState()
  const applicationId = 'app'
  const changelogs = new ChangelogWriter({ id, applicationId, plan, subTopology, collector })
  const state = await provider.openTask({
    taskId: id,
    specs: subTopology.stores,
    clock: storeClock,
    environment: {},
    changelogTopic: (store) => changelogs.topicOf(store) ?? store,
    onChange: changelogs.write,
  })
  if (load) state.loadPrefetched = load
  const task = StreamTask.create({
    id,
    applicationId,
    plan,
    subTopology,
    collector,
    state,
    storeClock,
    clock,
    logger,
    metrics,
    environment: {},
    handlers: { deserialization: logAndFail, processing: logAndFail, production: logAndFail },
    deadLetter: (failed) => {
      deadLetters.push(failed)
    },
    maxTaskIdleMs: 0,
    isolation: 'read_committed',
    globalStore: () => undefined,
    ...overrides,
  })
  return {
    task,
    state,
    storeClock,
    clock,
    collector,
    metrics,
    logger,
    deadLetters,
    feed: (topic, records, options) => task.addFetched(fetched(topic, records, options)),
    drain: () => task.processFor(Number.POSITIVE_INFINITY),
    async commit() {
      const prepared = task.prepareCommit()
      await state.apply(prepared.sealed, new Map())
      return prepared
    },
    async [Symbol.asyncDispose]() {
      await task.close().catch(() => {})
      await provider.close()
    },
  }
}

/** The same, initialized. */
export async function runningTask(
  topology: Topology,
  options: HarnessOptions = {},
): Promise<TaskHarness> {
  const harness = await taskOf(topology, options)
  await harness.task.initialize()
  return harness
}
