import type { FetchedPartition } from '../broker/port.ts'
import { StateStoreNotAvailableError } from '../core/errors.ts'
import { topicPartitionName, type TopicPartition } from '../core/topic-partition.ts'
import type { StateStore } from '../state/store.ts'
import { ActiveTask, isolationOf } from './active-task.ts'
import { ChangelogWriter } from './changelog-writer.ts'
import type { DeadLetters } from './dead-letters.ts'
import type { HoldBackOptions } from './held-back/held-back.ts'
import { HeldTaskState } from './held-task-state.ts'
import type { RecordCollector } from './record-collector.ts'
import { StreamTask } from './stream-task.ts'
import { changelogsOf } from './task-changelogs.ts'
import type { TaskInputs } from './topic-layout.ts'
import type { WorkerOptions } from './worker-options.ts'

/** What tasks share on a worker. */
export interface TaskSurroundings {
  readonly collector: RecordCollector
  readonly deadLetters: DeadLetters
  /** How later records of dead letters' keys are held back; undefined where they are not. */
  readonly holdBack: HoldBackOptions | undefined
  readonly globalStore: (name: string) => StateStore | undefined
  /** Has the worker look at its tasks. */
  readonly wake: () => void
}

/** Makes, keeps and closes the tasks of a worker. */
export class TaskManager {
  readonly #options: WorkerOptions
  readonly #surroundings: TaskSurroundings
  readonly #tasks = new Map<string, ActiveTask>()
  readonly #byPartition = new Map<string, ActiveTask>()

  constructor(options: WorkerOptions, surroundings: TaskSurroundings) {
    this.#options = options
    this.#surroundings = surroundings
  }

  get all(): readonly ActiveTask[] {
    return [...this.#tasks.values()]
  }

  /** Those that process. */
  get running(): readonly ActiveTask[] {
    return this.all.filter((task) => task.phase === 'running')
  }

  has(name: string): boolean {
    return this.#tasks.has(name)
  }

  /** The task that reads a partition; undefined for one that left. */
  ofPartition({ topic, partition }: TopicPartition): ActiveTask | undefined {
    return this.#byPartition.get(topicPartitionName(topic, partition))
  }

  /** Builds the graph of a task that comes to this worker, on the state that its standby had, else on its own. */
  async open(inputs: TaskInputs, standby?: HeldTaskState): Promise<ActiveTask> {
    const held = standby ?? (await HeldTaskState.open(this.#options, inputs))
    const active = await this.#build(inputs, held)
    this.#tasks.set(active.name, active)
    this.#notePartitions(active)
    return active
  }

  /** Has a task read other partitions than before. */
  changeInputs(active: ActiveTask, inputs: TaskInputs): void {
    this.#forgetPartitions(active)
    active.changeInputs(inputs)
    this.#notePartitions(active)
  }

  /** Lets a task go; `dirty` drops what it has not committed. */
  async close(active: ActiveTask, dirty: boolean): Promise<void> {
    this.#forget(active)
    await (dirty ? active.closeDirty() : active.close())
  }

  /** Lets a task go whose state stays here, open, at what is committed. */
  async retire(active: ActiveTask): Promise<HeldTaskState> {
    this.#forget(active)
    return await active.retire()
  }

  /** Hands fetched records to the tasks that read them. */
  add(fetched: readonly FetchedPartition[]): void {
    const isolation = isolationOf(this.#options.config.processingGuarantee)
    for (const each of fetched) {
      const active = this.ofPartition(each)
      if (!active) continue
      active.task.addFetched(each)
      const end = isolation === 'read_committed' ? each.lastStableOffset : each.highWatermark
      active.noteEnd(each.topic, each.partition, end)
    }
  }

  /** A store of a task as of its last commit, once it is restored. */
  committedStore(active: ActiveTask, storeName: string): StateStore {
    if (active.phase === 'running') return active.state.committedStore(storeName)
    throw new StateStoreNotAvailableError(
      `Store ${storeName} cannot be read yet: its task is ${active.phase}; ask again`,
      { taskId: active.id },
    )
  }

  #forget(active: ActiveTask): void {
    this.#tasks.delete(active.name)
    this.#forgetPartitions(active)
  }

  #notePartitions(active: ActiveTask): void {
    for (const { topic, partition } of active.inputs.partitions) {
      this.#byPartition.set(topicPartitionName(topic, partition), active)
    }
  }

  #forgetPartitions(active: ActiveTask): void {
    for (const { topic, partition } of active.inputs.partitions) {
      this.#byPartition.delete(topicPartitionName(topic, partition))
    }
  }

  async #build(inputs: TaskInputs, held: HeldTaskState): Promise<ActiveTask> {
    const { applicationId, plan, clock, logger, metrics, environment, handlers, config } =
      this.#options
    const { timestampExtractor, random } = this.#options
    const { collector, deadLetters, holdBack, globalStore, wake } = this.#surroundings
    const { taskId: id, subTopology } = inputs
    const changelog = new ChangelogWriter({ id, applicationId, plan, subTopology, collector })
    const { state, storeClock } = held
    try {
      const task = StreamTask.create({
        id,
        applicationId,
        plan,
        subTopology,
        inputPartitions: inputs.partitions,
        collector,
        state,
        storeClock,
        clock,
        logger,
        metrics,
        environment,
        handlers,
        random,
        deadLetter: deadLetters.write,
        holdBack,
        maxTaskIdleMs: config.maxTaskIdleMs,
        isolation: isolationOf(config.processingGuarantee),
        globalStore,
        wake,
        ...(timestampExtractor && { timestampExtractor }),
      })
      held.use({
        onChange: changelog.write,
        onExpired: (store, startMs) => task.countExpired(store, startMs),
      })
      const changelogs = changelogsOf(this.#options, inputs)
      return new ActiveTask({ inputs, task, held, changelogs })
    } catch (error) {
      await state.close()
      throw error
    }
  }
}
