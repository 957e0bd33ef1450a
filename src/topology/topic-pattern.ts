import { TopologyError } from '../core/errors.ts'
import type { Serde } from '../serdes/serde.ts'
import type { Topic } from './topic.ts'

/** All topics of some form of name, with the serdes that they have in common. */
export interface TopicPattern<K, V> {
  /** Matched against whole names. */
  readonly pattern: RegExp
  readonly key: Serde<K>
  readonly value: Serde<V>
}

/** Flags that change which names a pattern matches, and nothing else. */
const knownFlags = 'isuv'

/**
 * Declares all topics whose whole names match a regular expression, those that are created later among them. Nothing is
 * contacted.
 *
 * The flags `i`, `s`, `u` and `v` hold as they do in JavaScript.
 *
 * @throws TopologyError for the flags `g`, `y`, `m` and `d`, which mean nothing where a whole name is matched.
 * @remarks Source: `StreamsBuilder.stream(Pattern)`; as with Java's `Matcher.matches`, `/a|b/` matches only `a` and `b`.
 */
export function topics<K, V>(
  pattern: RegExp,
  serdes: { readonly key: Serde<K>; readonly value: Serde<V> },
): TopicPattern<K, V> {
  checkPattern(pattern)
  return { pattern, key: serdes.key, value: serdes.value }
}

/** Throws `TopologyError` for what is no regular expression, or has flags that cannot be honoured. */
export function checkPattern(pattern: RegExp): void {
  if (!(pattern instanceof RegExp)) {
    throw new TopologyError(
      `${JSON.stringify(pattern)} is no pattern of topics; pass a regular expression, such as /orders-.*/.`,
    )
  }
  const refused = pattern.flags.split('').filter((flag) => !knownFlags.includes(flag))
  if (refused.length === 0) return
  throw new TopologyError(
    `The pattern ${String(pattern)} has the flag ${refused.join(' and ')}, which means nothing here: names of topics ` +
      'are matched as a whole, one by one. Leave it out.',
  )
}

/** Says of names whether a pattern matches them as a whole. */
export function wholeNameMatcher(pattern: RegExp): (name: string) => boolean {
  const whole = new RegExp(`^(?:${pattern.source})$`, pattern.flags)
  return (name) => whole.test(name)
}

/** What a source reads: one topic, several of the same types, or all those that match a pattern. */
export type SourceTopics<K, V> = Topic<K, V> | readonly Topic<K, V>[] | TopicPattern<K, V>

/** The same, taken apart; without serdes where there is no topic. */
export function readOf<K, V>(
  topics: SourceTopics<K, V>,
): {
  readonly names: readonly string[]
  readonly pattern: RegExp | undefined
  readonly key: Serde<K> | undefined
  readonly value: Serde<V> | undefined
} {
  if ('pattern' in topics) {
    return { names: [], pattern: topics.pattern, key: topics.key, value: topics.value }
  }
  const list: readonly Topic<K, V>[] = 'name' in topics ? [topics] : topics
  const names = list.map(({ name }) => name)
  return { names, pattern: undefined, key: list[0]?.key, value: list[0]?.value }
}
