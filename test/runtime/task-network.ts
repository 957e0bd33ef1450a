import type { FetchedPartition } from '../../src/broker/port.ts'
import type { Headers } from '../../src/core/headers.ts'
import { unpacked } from '../../src/core/byte-text.ts'
import { silentLogger } from '../../src/core/logger.ts'
import { partitionForKey } from '../../src/core/murmur2.ts'
import type { TopicPartition } from '../../src/core/topic-partition.ts'
import { noMetrics } from '../../src/metrics/sensors.ts'
import { ChangelogWriter } from '../../src/runtime/changelog-writer.ts'
import { logAndFail } from '../../src/runtime/error-handlers.ts'
import type { RecordCollector } from '../../src/runtime/record-collector.ts'
import { StreamTask } from '../../src/runtime/stream-task.ts'
import { layOutTopics, type TaskInputs } from '../../src/runtime/topic-layout.ts'
import { memoryState } from '../../src/state/index.ts'
import type { StateProvider, StoreClock, TaskState } from '../../src/state/task-state.ts'
import { fetchedOf, type RawTestRecord } from '../../src/testing/raw-test-record.ts'
import { VirtualClock } from '../../src/testing/virtual-clock.ts'
import type { Topology } from '../../src/topology/topology.ts'

/** A partition's records, and how far the task that reads it has got. */
interface Log {
  readonly records: RawTestRecord[]
  task: StreamTask | undefined
  position: number
}

/** A record with text for bytes. */
export interface NetworkText {
  readonly key: string
  readonly value: string | null
  readonly timestampMs: number
}

/**
 * All tasks of a topology, each of its own partitions, with the topics between them. A test says which partition's next
 * record is processed: any order that tasks may take, other than one partition's own.
 */
export class TaskNetwork implements AsyncDisposable {
  readonly #topology: Topology
  readonly #partitions: ReadonlyMap<string, number>
  readonly #provider: StateProvider
  readonly #logs = new Map<string, Log>()
  readonly #tasks: { readonly task: StreamTask; readonly state: TaskState }[] = []

  constructor(
    topology: Topology,
    partitions: Readonly<globalThis.Record<string, number>>,
    provider: StateProvider = memoryState(),
  ) {
    this.#topology = topology
    const found = new Map(Object.entries(partitions))
    const { internalTopics } = layOutTopics(topology.plan(), 'app', found)
    const internal = internalTopics.map((topic) => [topic.name, topic.partitions] as const)
    this.#partitions = new Map([...found, ...internal])
    this.#provider = provider
  }

  async open(): Promise<this> {
    const plan = this.#topology.plan()
    for (const inputs of layOutTopics(plan, 'app', this.#partitions).tasks.values()) {
      const task = await this.#openTask(inputs)
      for (const { topic, partition } of inputs.partitions) this.#log(topic, partition).task = task
    }
    return this
  }

  /** Writes a record to an input topic, by its key. */
  produce(topic: string, { key, value, timestampMs }: NetworkText): void {
    const bytes = value === null ? null : Buffer.from(value)
    this.#append(topic, undefined, timestampMs, Buffer.from(key), bytes, [])
  }

  /** Processes the next record of one of the partitions that have some. Gives whether any had. */
  async step(choice: number): Promise<boolean> {
    const waiting = [...this.#logs].filter(
      ([, { task, position, records }]) => task && position < records.length,
    )
    if (waiting.length === 0) return false
    const [name, log] = waiting[choice % waiting.length]!
    await this.#deliver(name, log)
    return true
  }

  /** Processes the next record of a topic's first partition. */
  async next(topic: string): Promise<void> {
    await this.#deliver(`${topic}@0`, this.#log(topic, 0))
  }

  /** Processes all there is, by turns that the choices say. */
  async drain(choices: () => number): Promise<void> {
    while (await this.step(choices()));
  }

  /** The last value of each key in a topic. */
  table(topic: string): Map<string, string> {
    const rows = new Map<string, string>()
    for (const [name, { records }] of this.#logs) {
      if (!name.startsWith(`${topic}@`)) continue
      for (const { key, value } of records) {
        if (value === null) rows.delete(key!.toString())
        else rows.set(key!.toString(), value.toString())
      }
    }
    return rows
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { task, state } of this.#tasks) {
      await task.close()
      await state.close()
    }
    await this.#provider.close()
  }

  async #deliver(name: string, log: Log): Promise<void> {
    const [topic = '', partition] = name.split('@')
    const record = log.records[log.position++]!
    const fetched: FetchedPartition = { ...fetchedOf(topic, record), partition: Number(partition) }
    const task = log.task!
    task.addFetched(fetched)
    while (task.isProcessable(0)) await task.processFor(Number.POSITIVE_INFINITY)
  }

  async #openTask({ taskId, subTopology, partitions }: TaskInputs): Promise<StreamTask> {
    const plan = this.#topology.plan()
    const storeClock: StoreClock = { recordTimestampMs: -1, streamTimeMs: -1 }
    const collector = this.#collector()
    const naming = { id: taskId, applicationId: 'app', plan, subTopology, collector }
    const changelogs = new ChangelogWriter(naming)
    const state = await this.#provider.openTask({
      taskId,
      specs: subTopology.stores,
      clock: storeClock,
      environment: {},
      changelogTopic: (store) => changelogs.topicOf(store) ?? store,
    })
    const task = StreamTask.create({
      ...naming,
      inputPartitions: partitions,
      state,
      storeClock,
      clock: new VirtualClock(0),
      logger: silentLogger,
      metrics: noMetrics,
      environment: {},
      handlers: { deserialization: logAndFail, processing: logAndFail, production: logAndFail },
      deadLetter: () => {},
      // Each record is processed as it is delivered, whatever other partitions have.
      maxTaskIdleMs: -1,
      isolation: 'read_committed',
      globalStore: () => undefined,
    })
    await task.initialize()
    this.#tasks.push({ task, state })
    return task
  }

  #collector(): RecordCollector {
    return {
      send: (topic, partition, timestampMs, key, value, headers) => {
        const bytes = [key, value].map((each) => (each === null ? null : unpacked(each)))
        this.#append(topic, partition, timestampMs, bytes[0]!, bytes[1]!, headers)
      },
      ready: () => undefined,
      partitions: (topic) => this.#partitions.get(topic) ?? 1,
      prepare: () => undefined,
    }
  }

  #append(
    topic: string,
    partition: number | undefined,
    timestampMs: number,
    key: Buffer | null,
    value: Buffer | null,
    headers: Headers,
  ): void {
    const count = this.#partitions.get(topic) ?? 1
    const to = partition ?? (key === null ? 0 : partitionForKey(key, count))
    const { records } = this.#log(topic, to)
    const offset = records.length
    records.push({ partition: to, offset, timestampMs, key, value, headers })
  }

  #log(topic: string, partition: TopicPartition['partition']): Log {
    const name = `${topic}@${partition}`
    let log = this.#logs.get(name)
    if (!log) {
      log = { records: [], task: undefined, position: 0 }
      this.#logs.set(name, log)
    }
    return log
  }
}
