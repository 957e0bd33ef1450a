import { memoryState } from '../../src/state/index.ts'
import { rocksDbState } from '../../src/state/rocksdb/index.ts'
import type { Change, StateProvider, StoreClock, TaskState } from '../../src/state/task-state.ts'
import type { CommittedOffset } from '../../src/broker/port.ts'
import { silentLogger } from '../../src/core/logger.ts'
import { changelogOf, changelogRecord } from '../state/contract/harness.ts'
import { noMetrics, type Metrics } from '../../src/metrics/sensors.ts'
import { ChangelogWriter } from '../../src/runtime/changelog-writer.ts'
import {
  logAndFail,
  type ErrorHandlers,
  type DeadRecord,
} from '../../src/runtime/error-handlers.ts'
import { StreamTask } from '../../src/runtime/stream-task.ts'
import { VirtualClock } from '../../src/testing/virtual-clock.ts'
import type { HoldBackOptions } from '../../src/runtime/held-back/held-back.ts'
import type { TopologyPlan } from '../../src/topology/topology-plan.ts'
import { fetched, type InputText } from './fetched-records.ts'
import { TextCollector, type SentText } from './task-harness.ts'

export interface CrashableOptions {
  /** A folder has the state on RocksDB in it; memory where it is left out. */
  readonly folder?: string
  readonly handlers?: Partial<ErrorHandlers>
  readonly metrics?: Metrics
  readonly startMs?: number
  /** For a topology whose plan has the stores for it. */
  readonly holdBack?: HoldBackOptions
  /** Where dead letters go that are to be committed or lost with the rest. */
  readonly deadLetter?: (collector: TextCollector, dead: DeadRecord) => void
}

/** What a task runs, such as a topology. */
interface Planned {
  plan(): TopologyPlan
}

/**
 * A task of a topology's only sub-topology that commits as under exactly once, and crashes: what it sent and wrote
 * since the last commit is gone then, and it begins anew from what was committed.
 */
export class CrashableTask implements AsyncDisposable {
  readonly clock: VirtualClock
  /** What was sent and committed. */
  readonly committed: SentText[] = []
  readonly deadLetters: DeadRecord[] = []
  #topology: Planned
  readonly #options: CrashableOptions
  readonly #inputs: ReadonlyMap<string, readonly InputText[]>
  /** By changelog topic on the broker. */
  readonly #changelogs = new Map<string, Change[]>()
  readonly #offsets = new Map<string, CommittedOffset>()
  /** How many records of each topic the task was given. */
  readonly #fed = new Map<string, number>()
  #provider: StateProvider | undefined
  #collector = new TextCollector()
  state!: TaskState
  task!: StreamTask

  constructor(
    topology: Planned,
    inputs: Readonly<globalThis.Record<string, readonly InputText[]>>,
    options: CrashableOptions = {},
  ) {
    this.#topology = topology
    this.#options = options
    this.#inputs = new Map(Object.entries(inputs))
    this.clock = new VirtualClock(options.startMs ?? 1_000_000)
  }

  async open(): Promise<this> {
    const { folder, handlers } = this.#options
    const plan = this.#topology.plan()
    const subTopology = plan.subTopologies[0]!
    const id = { subTopology: subTopology.id, partition: 0 }
    const storeClock: StoreClock = { recordTimestampMs: -1, streamTimeMs: -1 }
    const collector = new TextCollector()
    this.#collector = collector
    const naming = { id, applicationId: 'app', plan, subTopology, collector }
    const writer = new ChangelogWriter(naming)
    this.#provider = folder === undefined ? memoryState() : rocksDbState({ folder })
    const changelogTopic = (store: string): string => writer.topicOf(store) ?? store
    this.state = await this.#provider.openTask({
      taskId: id,
      specs: subTopology.stores,
      clock: storeClock,
      environment: {},
      changelogTopic,
    })
    for (const store of subTopology.changelogs.keys()) {
      const records = this.#changelogs.get(store) ?? []
      const from = this.state.changelogOffset(store) ?? 0
      const tail = records.slice(from).map(changelogRecord)
      await this.state.restore(store, tail, records.length)
    }
    this.task = StreamTask.create({
      ...naming,
      state: this.state,
      storeClock,
      clock: this.clock,
      logger: silentLogger,
      metrics: this.#options.metrics ?? noMetrics,
      environment: {},
      handlers: {
        deserialization: logAndFail,
        processing: logAndFail,
        production: logAndFail,
        ...handlers,
      },
      deadLetter: (failed) => {
        this.deadLetters.push(failed)
        this.#options.deadLetter?.(collector, failed)
      },
      holdBack: this.#options.holdBack,
      maxTaskIdleMs: 0,
      isolation: 'read_committed',
      globalStore: () => undefined,
    })
    this.task.restorePartitionTimes([...this.#offsets.values()])
    await this.task.initialize()
    this.#fed.clear()
    for (const topic of this.#inputs.keys()) {
      this.#fed.set(topic, this.#offsets.get(topic)?.offset ?? 0)
    }
    this.feed()
    return this
  }

  /** Gives the task what was added to the inputs since. */
  feed(): void {
    for (const [topic, records] of this.#inputs) {
      const from = this.#fed.get(topic)!
      this.task.addFetched(fetched(topic, records.slice(from), { from }))
      this.#fed.set(topic, records.length)
    }
  }

  /** Processes so many slices, of one record each where none has to wait. */
  async step(slices: number): Promise<void> {
    for (let i = 0; i < slices && this.task.isProcessable(this.clock.now()); i++) {
      await this.task.processFor(Number.NEGATIVE_INFINITY)
    }
  }

  /** Processes until so many records were sent since the last commit, but for those of changelogs. */
  async stepUntilSent(records: number): Promise<void> {
    const isOutput = ({ topic }: SentText): boolean => !topic.endsWith('-changelog')
    while (this.#collector.sent.filter(isOutput).length < records) await this.step(1)
  }

  /** Processes all there is. */
  async drain(): Promise<void> {
    do {
      while (this.task.isProcessable(this.clock.now())) {
        await this.task.processFor(Number.POSITIVE_INFINITY)
      }
      await this.task.settle()
    } while (this.task.isProcessable(this.clock.now()))
  }

  /** Makes lasting what was done so far; `state` alone, as where at least once ends between state and offsets. */
  async commit(what: 'all' | 'state' = 'all'): Promise<void> {
    await this.task.settle()
    const prepared = this.task.prepareCommit()
    const changes = changelogOf(prepared.sealed)
    const sent = this.#collector.sent.splice(0)
    if (what === 'all')
      this.committed.push(...sent.filter(({ topic }) => !topic.endsWith('-changelog')))
    for (const change of changes) {
      const records = this.#changelogs.get(change.storeName)
      if (records) records.push(change)
      else this.#changelogs.set(change.storeName, [change])
    }
    if (what === 'all') for (const each of prepared.offsets) this.#offsets.set(each.topic, each)
    const offsets = [...this.#changelogs].map(([store, { length }]) => [store, length] as const)
    await this.state.apply(prepared.sealed, new Map(offsets))
  }

  /**
   * Loses what is not committed. The same folder is opened again, or a memory that the changelogs fill; with another
   * topology, as after a deployment, where one is given.
   */
  async crash(topology = this.#topology): Promise<void> {
    await this.#close()
    this.#topology = topology
    await this.open()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close()
  }

  async #close(): Promise<void> {
    this.state.discard()
    await this.task.close()
    await this.state.close()
    await this.#provider?.close()
  }
}

/** What happens to a task while it works on its input. */
export type TaskEvent = { readonly step: number } | 'commit' | 'crash'

/** Runs a task through these events, then to its end; gives what it sent to a topic. */
export async function runThrough(
  crashable: CrashableTask,
  events: readonly TaskEvent[],
): Promise<readonly SentText[]> {
  await crashable.open()
  for (const event of events) {
    if (event === 'commit') await crashable.commit()
    else if (event === 'crash') await crashable.crash()
    else await crashable.step(event.step)
  }
  await crashable.drain()
  await crashable.commit()
  return crashable.committed
}
