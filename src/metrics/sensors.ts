/** Label values by label name. */
export type Labels = Readonly<globalThis.Record<string, string>>

/** A number that only grows. */
export interface Counter {
  add(amount?: number): void
}

/** A number that is set. */
export interface Gauge {
  set(value: number): void
}

/** Observations in buckets; seconds unless the name says otherwise. */
export interface Histogram {
  observe(value: number): void
}

/**
 * Makes the instruments that the runtime writes to. Asking twice for one name and labels gives the same instrument.
 * Instruments are looked up once, at set-up, never in the hot path.
 */
export interface Metrics {
  counter(name: string, help: string, labels?: Labels): Counter
  gauge(name: string, help: string, labels?: Labels): Gauge
  /** A gauge whose value is asked for when it is scraped. */
  observedGauge(name: string, help: string, labels: Labels, read: () => number): void
  histogram(name: string, help: string, labels?: Labels, buckets?: readonly number[]): Histogram
  /** Removes every series that carries all of these labels, as when a task leaves this worker. */
  remove(labels: Labels): void
}

/** Records nothing. */
export const noMetrics: Metrics = {
  counter: () => ({ add() {} }),
  gauge: () => ({ set() {} }),
  observedGauge() {},
  histogram: () => ({ observe() {} }),
  remove() {},
}
