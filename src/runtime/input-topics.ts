import type { Broker } from '../broker/port.ts'
import { readsByPattern, withMatchedTopics } from '../topology/matched-topics.ts'
import type { TopologyPlan } from '../topology/topology-plan.ts'
import { externalSourceTopics, layOutTopics, type TopicLayout } from './topic-layout.ts'
import { droppedTopicOf } from './redriven-from.ts'

/** Partition counts of input topics, by name, as members tell each other. */
export type InputTopicCounts = Readonly<globalThis.Record<string, number>>

/** What input topics are found by. */
export interface InputTopicsOptions {
  readonly broker: Broker
  readonly plan: TopologyPlan
  readonly applicationId: string
  readonly config: { readonly deadLetterTopic: string | undefined }
}

/** Partition counts of the input topics that there are now, by name: of those that are named, and of those that match. */
export async function findInputTopics(
  options: InputTopicsOptions,
): Promise<ReadonlyMap<string, number>> {
  const { broker, plan, applicationId } = options
  let matched = plan
  if (readsByPattern(plan)) {
    // What failed once would fail again, and be written there again.
    const deadLetters = deadLetterTopicOf(options)
    const own = [deadLetters, droppedTopicOf(deadLetters)]
    const names = (await broker.listTopics()).filter((name) => !own.includes(name))
    matched = withMatchedTopics(plan, applicationId, names)
  }
  const found = await broker.describeTopics(externalSourceTopics(matched))
  const counts = [...found.values()].map(({ name, partitions }) => [name, partitions] as const)
  return new Map(counts.sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** The layout that follows from input topics as {@link findInputTopics} gives them. Throws as {@link layOutTopics}. */
export function layOutInputs(
  { plan, applicationId }: Pick<InputTopicsOptions, 'plan' | 'applicationId'>,
  found: ReadonlyMap<string, number>,
): TopicLayout {
  return layOutTopics(
    withMatchedTopics(plan, applicationId, [...found.keys()]),
    applicationId,
    found,
  )
}

/** Where failed records go. */
export function deadLetterTopicOf({
  config,
  applicationId,
}: Pick<InputTopicsOptions, 'config' | 'applicationId'>): string {
  return config.deadLetterTopic ?? `${applicationId}-dead-letters`
}
