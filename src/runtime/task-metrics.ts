import { taskIdName, type TaskId } from '../core/task-id.ts'
import { taskMetrics, type MetricName } from '../metrics/names.ts'
import type { Counter, Histogram, Labels, Metrics } from '../metrics/sensors.ts'
import type { DropRule, ProcessorMetrics } from '../topology/processor.ts'
import type { DeadRecord, FailureStage } from './error-handlers.ts'

/** Why a record was dropped. */
export type DropReason = FailureStage | DropRule | 'negative-timestamp' | 'expired-window'

const stages: readonly FailureStage[] = ['deserialization', 'processing', 'production']

// From a microsecond up, since most records take a few of them.
const latencyBuckets = [
  1e-6, 2e-6, 5e-6, 1e-5, 2e-5, 5e-5, 1e-4, 5e-4, 1e-3, 5e-3, 2.5e-2, 0.1, 0.5, 2.5, 10,
]
const recordLatencyBuckets = [
  1e-3, 5e-3, 1e-2, 2.5e-2, 5e-2, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600, 86400,
]

/** What is asked for when the metrics are scraped. */
export interface TaskGauges {
  streamTimeMs(): number
  bufferedBytes(): number
  uncommittedBytes(): number
}

/** The instruments of one task, looked up once. */
export class TaskMetrics {
  readonly processLatency: Histogram
  readonly processed: Counter
  readonly dropped: Readonly<globalThis.Record<DropReason, Counter>>
  readonly deadLetters: Readonly<globalThis.Record<DeadRecord['stage'], Counter>>
  readonly retries: Readonly<globalThis.Record<FailureStage, Counter>>
  readonly punctuateLatency: Histogram
  readonly punctuated: Counter
  readonly enforcedProcessing: Counter
  readonly recordLatency: Histogram
  readonly heldBackLetGo: Counter
  readonly #metrics: Metrics
  readonly #labels: Labels

  constructor(metrics: Metrics, id: TaskId, gauges: TaskGauges) {
    const labels: Labels = { task: taskIdName(id), subtopology: String(id.subTopology) }
    const counter = ({ name, help }: MetricName, more: Labels = {}): Counter =>
      metrics.counter(name, help, { ...labels, ...more })
    const histogram = ({ name, help }: MetricName, buckets: readonly number[]): Histogram =>
      metrics.histogram(name, help, labels, buckets)
    const gauge = ({ name, help }: MetricName, read: () => number): void =>
      metrics.observedGauge(name, help, labels, read)

    this.#metrics = metrics
    this.#labels = labels
    this.processLatency = histogram(taskMetrics.processLatency, latencyBuckets)
    this.processed = counter(taskMetrics.processed)
    const dropped = (reason: DropReason): Counter => counter(taskMetrics.dropped, { reason })
    this.dropped = {
      deserialization: dropped('deserialization'),
      processing: dropped('processing'),
      production: dropped('production'),
      'negative-timestamp': dropped('negative-timestamp'),
      skipped: dropped('skipped'),
      duplicate: dropped('duplicate'),
      late: dropped('late'),
      stale: dropped('stale'),
      'expired-window': dropped('expired-window'),
    }
    const byStage = (name: MetricName): globalThis.Record<FailureStage, Counter> =>
      Object.fromEntries(
        stages.map((stage) => [stage, counter(name, { stage })]),
      ) as globalThis.Record<FailureStage, Counter>
    this.deadLetters = {
      ...byStage(taskMetrics.deadLetters),
      'held-back': counter(taskMetrics.deadLetters, { stage: 'held-back' }),
    }
    this.heldBackLetGo = counter(taskMetrics.heldBackLetGo)
    this.retries = byStage(taskMetrics.retries)
    this.punctuateLatency = histogram(taskMetrics.punctuateLatency, latencyBuckets)
    this.punctuated = counter(taskMetrics.punctuated)
    this.enforcedProcessing = counter(taskMetrics.enforcedProcessing)
    this.recordLatency = histogram(taskMetrics.recordLatency, recordLatencyBuckets)
    gauge(taskMetrics.streamTime, () => {
      const streamTimeMs = gauges.streamTimeMs()
      return streamTimeMs < 0 ? -1 : streamTimeMs / 1000
    })
    gauge(taskMetrics.bufferedBytes, () => gauges.bufferedBytes())
    gauge(taskMetrics.uncommittedBytes, () => gauges.uncommittedBytes())
  }

  /** Instruments that a processor adds to the task's own; they go with them. */
  ofProcessor(processor: string): ProcessorMetrics {
    const labels: Labels = { ...this.#labels, processor }
    return {
      counter: (name, help) => this.#metrics.counter(name, help, labels),
      gauge: (name, help, read) => this.#metrics.observedGauge(name, help, labels, read),
    }
  }

  /** Shows what is held back behind dead letters, where that is asked for. */
  observeHeldBack(counts: () => { readonly keys: number; readonly records: number }): void {
    const { heldBackKeys, heldBackRecords } = taskMetrics
    const gauge = ({ name, help }: MetricName, read: () => number): void =>
      this.#metrics.observedGauge(name, help, this.#labels, read)
    gauge(heldBackKeys, () => counts().keys)
    gauge(heldBackRecords, () => counts().records)
  }

  /** Removes the task's series, as it leaves this worker. */
  remove(): void {
    this.#metrics.remove(this.#labels)
  }
}
