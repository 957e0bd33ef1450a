import { findInputTopics, layOutInputs, type InputTopicCounts } from './input-topics.ts'
import { makeTopicsReady } from './internal-topics.ts'
import type { TopicLayout } from './topic-layout.ts'
import type { WorkerOptions } from './worker-options.ts'

/** The layout that follows from the input topics of one moment. */
export interface SettledTopics {
  readonly inputs: InputTopicCounts
  readonly layout: TopicLayout
}

/**
 * The layout of topics that a worker goes by. Topics and partitions come and go while it runs; what its leader saw when it
 * last assigned the tasks holds for all members of the group, so that a task is the same everywhere.
 */
export class TopicLayouts {
  readonly #options: WorkerOptions
  #settled: SettledTopics

  private constructor(options: WorkerOptions, settled: SettledTopics) {
    this.#options = options
    this.#settled = settled
    this.#tellState()
  }

  /**
   * Looks at the topics that there are, and creates the internal ones.
   *
   * @throws UnknownTopicError, TopologyError for topics that are missing or do not fit
   */
  static async open(options: WorkerOptions): Promise<TopicLayouts> {
    return new TopicLayouts(options, await settle(options))
  }

  get current(): TopicLayout {
    return this.#settled.layout
  }

  /** The topics that all tasks read, by their names on the broker. */
  get topics(): readonly string[] {
    const partitions = [...this.current.tasks.values()].flatMap((task) => task.partitions)
    return [...new Set(partitions.map(({ topic }) => topic))]
  }

  /** For the leader: as {@link open}, of now. What holds for this worker is what it is told then. */
  async look(): Promise<SettledTopics> {
    return await settle(this.#options)
  }

  /** Goes by what the leader saw. */
  follow(inputs: InputTopicCounts): void {
    if (sameCounts(inputs, this.#settled.inputs)) return
    const layout = layOutInputs(this.#options, new Map(Object.entries(inputs)))
    this.#settled = { inputs, layout }
    this.#tellState()
  }

  /** What tasks share, such as memory, is divided among those with state. */
  #tellState(): void {
    const tasks = [...this.current.tasks.values()]
    const stateful = tasks.filter(({ subTopology }) => subTopology.stores.length > 0)
    this.#options.state.expectTasks?.(stateful.length)
  }

  /** What is different now from what this worker goes by, for people; undefined where nothing is. */
  async difference(): Promise<string | undefined> {
    const now = Object.fromEntries(await findInputTopics(this.#options))
    return differenceText(this.#settled.inputs, now)
  }
}

async function settle(options: WorkerOptions): Promise<SettledTopics> {
  const found = await findInputTopics(options)
  const layout = layOutInputs(options, found)
  await makeTopicsReady(options.broker, layout.internalTopics, options.config)
  return { inputs: Object.fromEntries(found), layout }
}

function sameCounts(one: InputTopicCounts, other: InputTopicCounts): boolean {
  return differenceText(one, other) === undefined
}

function differenceText(before: InputTopicCounts, now: InputTopicCounts): string | undefined {
  const changes: string[] = []
  for (const name of new Set([...Object.keys(before), ...Object.keys(now)])) {
    const [old, count] = [before[name], now[name]]
    if (old === undefined) changes.push(`${name} is there now`)
    else if (count === undefined) changes.push(`${name} is gone`)
    else if (old !== count) changes.push(`${name} has ${count} partitions where it had ${old}`)
  }
  return changes.length === 0 ? undefined : changes.join(', ')
}
