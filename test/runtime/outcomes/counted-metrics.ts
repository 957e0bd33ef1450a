import { noMetrics, type Metrics } from '../../../src/metrics/sensors.ts'

/** Metrics that remember what counters were raised to, whatever their labels. */
export class CountedMetrics {
  readonly #counts = new Map<string, number>()

  readonly metrics: Metrics = {
    ...noMetrics,
    counter: (name) => ({
      add: (amount = 1) => void this.#counts.set(name, this.of(name) + amount),
    }),
  }

  of(name: string): number {
    return this.#counts.get(name) ?? 0
  }
}
