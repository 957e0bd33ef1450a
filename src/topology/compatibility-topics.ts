import { wholeNameMatcher } from './topic-pattern.ts'
import type { TopologyChange } from './topology-change.ts'
import type { InternalTopicSnapshot, NodeSnapshot, TopologySnapshot } from './topology-snapshot.ts'

/** A repartition topic, and the serdes that it is written by. */
interface Repartition {
  readonly topic: InternalTopicSnapshot
  readonly serdes: Readonly<globalThis.Record<'key' | 'value', string | undefined>>
}

/** How topics changed that lie between sub-topologies, and those that stateful ones read. */
export function topicChanges(before: TopologySnapshot, after: TopologySnapshot): TopologyChange[] {
  return [
    ...repartitionChanges(before, after),
    ...configChanges(before, after),
    ...sourceChanges(before, after),
  ]
}

function repartitionChanges(before: TopologySnapshot, after: TopologySnapshot): TopologyChange[] {
  const [old, now] = [repartitions(before), repartitions(after)]
  const changes: TopologyChange[] = []
  for (const [name, repartition] of old) {
    const same = now.get(name)
    if (same) changes.push(...changesOf(repartition, same))
    else
      changes.push(
        removed(
          name,
          [...now.keys()].filter((each) => !old.has(each)),
        ),
      )
  }
  for (const name of now.keys()) {
    if (old.has(name)) continue
    const text = `repartition topic ${name} added`
    changes.push({ subject: 'repartition topic', name, how: 'added', orphansState: false, text })
  }
  return changes
}

/** Topics that exist keep the configuration that they were created with. */
function configChanges(before: TopologySnapshot, after: TopologySnapshot): TopologyChange[] {
  const old = new Map(before.internalTopics.map(({ name, config }) => [name, config]))
  return after.internalTopics.flatMap(({ name, kind, config }) => {
    const then = old.get(name) ?? config
    const keys = [...new Set([...Object.keys(then), ...Object.keys(config)])].sort()
    const changed = keys.filter((key) => then[key] !== config[key])
    if (changed.length === 0) return []
    const list = changed.map(
      (key) => `${key} from ${then[key] ?? 'none'} to ${config[key] ?? 'none'}`,
    )
    const text = `${kind} topic ${name}: ${list.join(', ')}; change it on the broker, where the topic is already`
    return [{ subject: 'internal topic', name, how: 'changed', orphansState: false, text }]
  })
}

function removed(name: string, added: readonly string[]): TopologyChange {
  const hint =
    added.length > 0
      ? `if it is now ${added.join(' or ')}, give its operator the old name`
      : 'declare it again'
  return {
    subject: 'repartition topic',
    name,
    how: 'removed',
    orphansState: true,
    text: `repartition topic ${name} removed: records in it that are not processed yet are lost`,
    advice:
      `${hint}; if it is to go, stop what writes to it, let the application process all that is in it, then ` +
      `--allow ${name}`,
  }
}

function changesOf(before: Repartition, after: Repartition): TopologyChange[] {
  const { name } = before.topic
  const changed = (text: string): TopologyChange => ({
    subject: 'repartition topic',
    name,
    how: 'changed',
    orphansState: true,
    text: `repartition topic ${name}: ${text}`,
    advice: `give its operator another name, or start over (a new applicationId)`,
  })
  const changes: TopologyChange[] = []
  const [old, now] = [countText(before), countText(after)]
  if (old !== now) {
    changes.push(
      changed(`it has ${now} where it had ${old}: keys lie elsewhere than what is stored of them`),
    )
  }
  for (const part of ['key', 'value'] as const) {
    const [oldSerde, nowSerde] = [before.serdes[part], after.serdes[part]]
    if (oldSerde === nowSerde) continue
    const harm =
      part === 'key'
        ? 'keys lie elsewhere than what is stored of them'
        : 'what is in it cannot be read'
    changes.push(changed(`the ${part} serde changes from ${oldSerde} to ${nowSerde}: ${harm}`))
  }
  return changes
}

function countText({ topic: { partitions } }: Repartition): string {
  return partitions === null ? 'as many partitions as its input' : `${partitions} partitions`
}

function repartitions({
  internalTopics,
  subTopologies,
}: TopologySnapshot): Map<string, Repartition> {
  const nodes = subTopologies.flatMap((each) => each.nodes)
  const reads = (node: NodeSnapshot, name: string): boolean => node.topics?.includes(name) ?? false
  return new Map(
    internalTopics
      .filter(({ kind }) => kind === 'repartition')
      .map((topic) => {
        const reader = nodes.find((node) => reads(node, topic.name))
        return [topic.name, { topic, serdes: { key: reader?.key, value: reader?.value } }]
      }),
  )
}

/** Source topics that are read or no longer read: no state is orphaned, but it is good to know. */
function sourceChanges(before: TopologySnapshot, after: TopologySnapshot): TopologyChange[] {
  const [old, now] = [sourcesOf(before), sourcesOf(after)]
  const changed = (name: string, how: 'added' | 'removed', text: string): TopologyChange => ({
    subject: 'source topic',
    name,
    how,
    orphansState: false,
    text,
  })
  const removedText = (name: string): string => {
    const pattern = [...now].find((each) => isPattern(each) && patternMatches(each, name))
    if (isPattern(name)) {
      return `source pattern ${name} removed: topics that only it matches are no longer read`
    }
    return pattern === undefined
      ? `source topic ${name} removed: it is no longer read, and its committed offset expires`
      : `source topic ${name} is now read by the pattern ${pattern}, from where it is committed`
  }
  const addedText = (name: string): string =>
    isPattern(name)
      ? `source pattern ${name} added: what matches it is read from where offsetReset says`
      : `source topic ${name} added: it is read from where offsetReset says`
  return [
    ...[...old]
      .filter((name) => !now.has(name))
      .map((name) => changed(name, 'removed', removedText(name))),
    ...[...now]
      .filter((name) => !old.has(name))
      .map((name) => changed(name, 'added', addedText(name))),
  ]
}

function sourcesOf({ subTopologies, internalTopics }: TopologySnapshot): Set<string> {
  const own = new Set(internalTopics.map(({ name }) => name))
  const nodes = subTopologies.flatMap((each) => each.nodes)
  const names = nodes.flatMap(({ topics = [] }) => topics).filter((name) => !own.has(name))
  const patterns = nodes.flatMap(({ pattern }) => (pattern === undefined ? [] : [pattern]))
  return new Set([...names, ...patterns].sort())
}

/** Names of topics have no slash, which patterns begin with. */
function isPattern(name: string): boolean {
  return name.startsWith('/')
}

function patternMatches(text: string, topic: string): boolean {
  const end = text.lastIndexOf('/')
  return wholeNameMatcher(new RegExp(text.slice(1, end), text.slice(end + 1)))(topic)
}
