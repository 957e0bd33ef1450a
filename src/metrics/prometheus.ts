import {
  collectDefaultMetrics,
  Counter as PromCounter,
  Gauge as PromGauge,
  Histogram as PromHistogram,
  Registry,
} from 'prom-client'
import { ConfigError } from '../core/errors.ts'
import { mergedText, threadFamilies, type MetricFamily } from './thread-metrics.ts'
import type { Counter, Gauge, Histogram, Labels, Metrics } from './sensors.ts'

/** Upper bounds in seconds that suit commits, slices of processing and requests: 0.5 ms to 10 s. */
export const defaultBuckets: readonly number[] = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
]

type PromMetric = PromCounter | PromGauge | PromHistogram

/** One name with all its series. */
interface Family {
  readonly metric: PromMetric
  readonly kind: 'counter' | 'gauge' | 'histogram'
  readonly labelNames: readonly string[]
  readonly series: Map<string, Series>
}

interface Series {
  readonly labels: Labels
  readonly instrument: Counter | Gauge | Histogram
  /** Asked for the value at each scrape, for observed gauges. */
  read: (() => number) | undefined
}

/** How {@link PrometheusMetrics} is set up. */
export interface PrometheusOptions {
  /** Labels that every series carries, such as the application id. Default: none. */
  readonly defaultLabels?: Labels
  /** Whether Node's own metrics (heap, event loop lag, handles) are exposed too. Default: true. */
  readonly processMetrics?: boolean
}

/** Keeps metrics in a prom-client registry of its own and writes them in Prometheus' text format. */
export class PrometheusMetrics implements Metrics {
  readonly #registry = new Registry()
  readonly #families = new Map<string, Family>()
  #others: (() => Promise<ReadonlyMap<string, readonly MetricFamily[]>>) | undefined

  constructor(options: PrometheusOptions = {}) {
    if (options.defaultLabels) this.#registry.setDefaultLabels({ ...options.defaultLabels })
    if (options.processMetrics ?? true) collectDefaultMetrics({ register: this.#registry })
  }

  /** The content type that belongs to {@link expose}. */
  get contentType(): string {
    return this.#registry.contentType
  }

  /** All series in Prometheus' text format. */
  async expose(): Promise<string> {
    if (!this.#others) return await this.#registry.metrics()
    return await mergedText(await this.#json(), await this.#others())
  }

  /** The series of this thread as data, for the process's other threads. @internal */
  async families(): Promise<readonly MetricFamily[]> {
    return threadFamilies(await this.#json())
  }

  /** Has {@link expose} write the series of other threads too, by the thread's name. @internal */
  addThreads(families: () => Promise<ReadonlyMap<string, readonly MetricFamily[]>>): void {
    this.#others = families
  }

  async #json(): Promise<readonly MetricFamily[]> {
    return await this.#registry.getMetricsAsJSON()
  }

  counter(name: string, help: string, labels: Labels = {}): Counter {
    const family = this.#family(name, 'counter', labels, (labelNames) => {
      return new PromCounter({ name, help, labelNames, registers: [this.#registry] })
    })
    return seriesOf(family, labels, (): Counter => {
      const child = (family.metric as PromCounter).labels({ ...labels })
      return { add: (amount = 1) => child.inc(amount) }
    }).instrument as Counter
  }

  gauge(name: string, help: string, labels: Labels = {}): Gauge {
    return this.#gauge(name, help, labels).instrument as Gauge
  }

  observedGauge(name: string, help: string, labels: Labels, read: () => number): void {
    this.#gauge(name, help, labels).read = read
  }

  histogram(
    name: string,
    help: string,
    labels: Labels = {},
    buckets: readonly number[] = defaultBuckets,
  ): Histogram {
    const family = this.#family(name, 'histogram', labels, (labelNames) => {
      const configuration = { name, help, labelNames, buckets: [...buckets] }
      return new PromHistogram({ ...configuration, registers: [this.#registry] })
    })
    return seriesOf(family, labels, (): Histogram => {
      const child = (family.metric as PromHistogram).labels({ ...labels })
      return { observe: (value) => child.observe(value) }
    }).instrument as Histogram
  }

  remove(labels: Labels): void {
    const wanted = Object.entries(labels)
    for (const family of this.#families.values()) {
      for (const [key, series] of family.series) {
        if (!wanted.every(([name, value]) => series.labels[name] === value)) continue
        family.series.delete(key)
        family.metric.remove({ ...series.labels })
      }
    }
  }

  #gauge(name: string, help: string, labels: Labels): Series {
    const family = this.#family(name, 'gauge', labels, (labelNames) => {
      const gauge = new PromGauge({
        name,
        help,
        labelNames,
        registers: [this.#registry],
        // Observed values are read when Prometheus asks, so that nothing has to be kept up to date in between.
        collect: () => {
          for (const series of this.#families.get(name)?.series.values() ?? []) {
            if (series.read) (series.instrument as Gauge).set(series.read())
          }
        },
      })
      return gauge
    })
    return seriesOf(family, labels, (): Gauge => {
      const child = (family.metric as PromGauge).labels({ ...labels })
      return { set: (value) => child.set(value) }
    })
  }

  #family(
    name: string,
    kind: Family['kind'],
    labels: Labels,
    create: (labelNames: string[]) => PromMetric,
  ): Family {
    const labelNames = Object.keys(labels).sort()
    const existing = this.#families.get(name)
    if (!existing) {
      const family: Family = { metric: create(labelNames), kind, labelNames, series: new Map() }
      this.#families.set(name, family)
      return family
    }
    if (existing.kind !== kind || existing.labelNames.join() !== labelNames.join()) {
      throw new ConfigError(
        `metric ${name} is a ${existing.kind} with labels [${existing.labelNames.join(', ')}]; ` +
          `it cannot also be a ${kind} with labels [${labelNames.join(', ')}]`,
      )
    }
    return existing
  }
}

function seriesOf(
  family: Family,
  labels: Labels,
  create: () => Counter | Gauge | Histogram,
): Series {
  const key = family.labelNames.map((name) => labels[name]).join('\u0000')
  let series = family.series.get(key)
  if (!series) {
    series = { labels, instrument: create(), read: undefined }
    family.series.set(key, series)
  }
  return series
}
