/**
 * The groups of topics that must have as many partitions as each other, joined where they have a topic in common.
 *
 * @param copartitioned - groups of the names of sources
 * @remarks Source: Java's `InternalTopologyBuilder.copartitionGroups`.
 */
export function copartitionGroups(
  copartitioned: readonly (readonly string[])[],
  topicsOf: (source: string) => readonly string[],
): ReadonlySet<string>[] {
  const groups: Set<string>[] = []
  for (const sources of copartitioned) {
    const merged = new Set<string>(sources.flatMap((name) => topicsOf(name)))
    for (let i = groups.length - 1; i >= 0; i--) {
      const group = groups[i]!
      if (![...group].some((topic) => merged.has(topic))) continue
      for (const topic of group) merged.add(topic)
      groups.splice(i, 1)
    }
    groups.push(merged)
  }
  return groups
}
