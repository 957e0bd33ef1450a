import { Registry, type Metric, type MetricObjectWithValues, type MetricValue } from 'prom-client'

/** A metric with all its series, as prom-client gives it as data. */
export type MetricFamily = MetricObjectWithValues<MetricValue<string>>

/** What a thread tells of its metrics: those of the process are the same in every thread, and told once. */
export function threadFamilies(families: readonly MetricFamily[]): MetricFamily[] {
  return families.filter(
    ({ name }) => !name.startsWith('process_') && name !== 'nodejs_version_info',
  )
}

/** The series of this thread and, each with the label `thread`, those of others, in Prometheus' text format. */
export async function mergedText(
  own: readonly MetricFamily[],
  others: ReadonlyMap<string, readonly MetricFamily[]>,
): Promise<string> {
  const merged = new Map(own.map((family) => [family.name, family]))
  for (const [thread, families] of others) {
    for (const family of families) {
      const values = family.values.map((each) => ({
        ...each,
        labels: { ...each.labels, thread },
      }))
      const before = merged.get(family.name)?.values ?? []
      merged.set(family.name, { ...family, values: [...before, ...values] })
    }
  }
  const registry = new Registry()
  for (const family of merged.values()) {
    const written = { name: family.name, get: () => Promise.resolve(family) }
    registry.registerMetric(written as unknown as Metric)
  }
  return await registry.metrics()
}
