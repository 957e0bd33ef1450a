import { isPromise, type MaybePromise } from '../core/maybe-promise.ts'
import type { TaskId } from '../core/task-id.ts'
import { ChangelogWriter } from '../runtime/changelog-writer.ts'
import { StreamTask } from '../runtime/stream-task.ts'
import type { StreamTaskOptions } from '../runtime/stream-task-options.ts'
import type { StateStore } from '../state/store.ts'
import type { StoreSpec } from '../state/store-spec.ts'
import type { StateProvider, StoreClock, TaskState } from '../state/task-state.ts'
import type { GlobalStorePlan, SubTopology } from '../topology/topology-plan.ts'

/** What all tasks of a test driver have in common. */
export type SharedTaskOptions = Omit<
  StreamTaskOptions,
  'id' | 'subTopology' | 'state' | 'storeClock' | 'globalStore'
>

/** A task of a test driver, with its state. */
export interface TestTask {
  readonly task: StreamTask
  /** Names of the topics on the broker that it reads; more where others turn up that match a pattern. */
  topics: ReadonlySet<string>
}

/** All that runs in a test driver. */
export interface TestTasks {
  /** Those that fill global stores first, so that what is piped to them is there for the others. */
  readonly tasks: TestTask[]
  readonly stores: Map<string, StateStore>
}

/**
 * Opens one task for each sub-topology, for partition 0, and one for each global store. Where that fails, `into` has
 * what was opened.
 */
export async function openTestTasks(
  shared: SharedTaskOptions,
  provider: StateProvider,
  into: TestTasks,
): Promise<void> {
  const { tasks, stores } = into
  const add = async (options: StreamTaskOptions): Promise<void> => {
    const task = StreamTask.create(options)
    tasks.push({ task, topics: topicsOf(task) })
    await task.initialize()
  }
  const { globalStores, subTopologies } = shared.plan
  const globals = await openGlobalState(shared, provider, globalStores)
  for (const { store } of globalStores) {
    stores.set(store.storeName, globals!.state.store(store.storeName))
  }
  const globalNames = new Set(stores.keys())
  const globalStore = (name: string): StateStore | undefined =>
    globalNames.has(name) ? stores.get(name) : undefined
  for (const [index, plan] of globalStores.entries()) {
    const id: TaskId = { subTopology: -1 - index, partition: 0 }
    await add({ ...shared, ...globals!, id, subTopology: globalSubTopology(id, plan), globalStore })
  }
  for (const subTopology of subTopologies) {
    const id: TaskId = { subTopology: subTopology.id, partition: 0 }
    const storeClock: StoreClock = { recordTimestampMs: -1, streamTimeMs: -1 }
    const state = await openState(shared, provider, id, subTopology, storeClock)
    for (const { storeName } of subTopology.stores) stores.set(storeName, state.store(storeName))
    await add({ ...shared, id, subTopology, state, storeClock, globalStore })
  }
}

export function topicsOf(task: StreamTask): ReadonlySet<string> {
  return new Set(task.inputPartitions.map(({ topic }) => topic))
}

async function openState(
  shared: SharedTaskOptions,
  provider: StateProvider,
  taskId: TaskId,
  subTopology: SubTopology,
  clock: StoreClock,
): Promise<TaskState> {
  const changelogs = new ChangelogWriter({ ...shared, id: taskId, subTopology })
  return await provider.openTask({
    taskId,
    specs: subTopology.stores.map(logEveryUpdate),
    clock,
    environment: shared.environment,
    changelogTopic: (storeName) => changelogs.topicOf(storeName) ?? `${storeName}-changelog`,
    onChange: changelogs.write,
  })
}

async function openGlobalState(
  shared: SharedTaskOptions,
  provider: StateProvider,
  plans: readonly GlobalStorePlan[],
): Promise<{ readonly state: TaskState; readonly storeClock: StoreClock } | undefined> {
  if (plans.length === 0) return undefined
  const storeClock: StoreClock = { recordTimestampMs: -1, streamTimeMs: -1 }
  const topics = new Map(plans.map(({ store, topic }) => [store.storeName, topic]))
  const state = await provider.openTask({
    taskId: 'global',
    specs: plans.map(({ store }) => store),
    clock: storeClock,
    environment: shared.environment,
    changelogTopic: (storeName) => topics.get(storeName)!,
  })
  return { state, storeClock }
}

/** A global store is filled by a source and a processor, which run as a task does. */
function globalSubTopology(id: TaskId, plan: GlobalStorePlan): SubTopology {
  return {
    id: id.subTopology,
    nodes: [plan.source, plan.processor],
    sourceTopics: [plan.topic],
    stores: [plan.store],
    changelogs: new Map(),
    copartitionGroups: [],
  }
}

/** The driver never commits; so that tests can read changelogs, each update goes there at once. */
function logEveryUpdate(spec: StoreSpec): StoreSpec {
  return { ...spec, logging: { ...spec.logging, everyUpdate: true } }
}

/** Waits for the calls that run beside processing, of one task that has any; undefined where there is none. */
export function settleCalls(tasks: readonly TestTask[]): Promise<void> | undefined {
  for (const { task } of tasks) {
    const settling = task.settle()
    if (settling) return settling
  }
  return undefined
}

/** Deletes from stores what has expired, as a worker does before it commits. */
export function expireAll(tasks: readonly TestTask[], from = 0): MaybePromise<void> {
  for (let i = from; i < tasks.length; i++) {
    const expiring = tasks[i]!.task.expire()
    if (isPromise(expiring)) return expiring.then(() => expireAll(tasks, i + 1))
  }
}
