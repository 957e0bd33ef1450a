import type { Broker, Fetcher } from '../broker/port.ts'
import type { Clock } from '../core/clock.ts'
import { isPromise } from '../core/maybe-promise.ts'
import type { TopicPartition } from '../core/topic-partition.ts'
import { workerMetrics as names } from '../metrics/names.ts'
import type { Counter, Gauge, Histogram, Metrics } from '../metrics/sensors.ts'
import type { StateStatistics } from '../state/task-state.ts'
import type { ActiveTask } from './active-task.ts'
import type { BrokerRecordCollector } from './broker-record-collector.ts'
import type { InputBuffers } from './input-buffers.ts'
import type { RestorableTask } from './restore/restorable-task.ts'
import type { StandbyTask } from './standby/standby-task.ts'
import type { BrokerHealth } from './broker-health.ts'
import type { WorkerState } from './worker-status.ts'

const states: readonly WorkerState[] = [
  'created',
  'starting',
  'rebalancing',
  'running',
  'pending-shutdown',
  'closed',
  'error',
]

/** How often sizes that are slow to count are counted again, in milliseconds. */
const statisticsIntervalMs = 10_000

const noStatistics: StateStatistics = {
  uncommittedBytes: 0,
  readCacheBytes: 0,
  engineBytes: 0,
  engineMemoryBytes: 0,
}

/** What holds records on their way through a worker. */
export interface WorkerBuffers {
  readonly broker: Broker
  readonly fetcher: Fetcher
  readonly collector: BrokerRecordCollector
  readonly inputs: InputBuffers
}

/** The instruments of a worker. */
export class WorkerMetrics {
  readonly rebalances: Counter
  readonly tasksAssigned: Counter
  readonly tasksRevoked: Counter
  readonly failures: Counter
  readonly commits: Counter
  readonly commitLatency: Histogram
  readonly #metrics: Metrics
  readonly #clock: Clock
  readonly #lastRebalance: Gauge
  readonly #states: ReadonlyMap<WorkerState, Gauge>

  constructor(
    metrics: Metrics,
    clock: Clock,
    counts: { readonly tasks: () => number; readonly standbys: () => number },
  ) {
    this.#metrics = metrics
    this.#clock = clock
    this.rebalances = metrics.counter(names.rebalances.name, names.rebalances.help)
    const { tasksAssigned, tasksRevoked, lastRebalance } = names
    this.tasksAssigned = metrics.counter(tasksAssigned.name, tasksAssigned.help)
    this.tasksRevoked = metrics.counter(tasksRevoked.name, tasksRevoked.help)
    this.#lastRebalance = metrics.gauge(lastRebalance.name, lastRebalance.help)
    this.failures = metrics.counter(names.failures.name, names.failures.help)
    this.commits = metrics.counter(names.commits.name, names.commits.help)
    this.commitLatency = metrics.histogram(names.commitLatency.name, names.commitLatency.help)
    metrics.observedGauge(names.tasks.name, names.tasks.help, {}, counts.tasks)
    metrics.observedGauge(names.standbys.name, names.standbys.help, {}, counts.standbys)
    this.#states = new Map(
      states.map((state) => [state, metrics.gauge(names.state.name, names.state.help, { state })]),
    )
  }

  state(current: WorkerState): void {
    for (const [state, gauge] of this.#states) gauge.set(state === current ? 1 : 0)
  }

  /** Shows whether the broker answers. */
  watch(health: BrokerHealth): void {
    this.#observe(names.brokerConnected, {}, () => (health.isAway ? 0 : 1))
    this.#observe(names.brokerSilence, {}, () => health.secondsSinceAnswer)
  }

  rebalanced(tookMs: number): void {
    this.#lastRebalance.set(tookMs / 1000)
  }

  /** Adds what is observed of a task while it is here; the task itself removes all series with its name. */
  addTask(active: ActiveTask): void {
    const labels = { task: active.name, subtopology: String(active.id.subTopology) }
    for (const { topic, partition } of active.inputs.partitions) {
      const place = { ...labels, topic, partition: String(partition) }
      this.#observe(names.lagRecords, place, () => {
        const progress = active
          .status()
          .partitions.find((each) => each.topic === topic && each.partition === partition)
        return progress?.lagRecords ?? -1
      })
    }
    this.#observe(names.lagSeconds, labels, () =>
      active.streamTimeMs < 0 ? -1 : (this.#clock.now() - active.streamTimeMs) / 1000,
    )
    this.#observe(names.restoreRemaining, labels, () => active.restoreRemaining)
    const statistics = this.#statisticsOf(active)
    this.#observe(names.stateBytes, labels, () => statistics().engineBytes)
    this.#observe(names.readCacheBytes, labels, () => statistics().readCacheBytes)
    this.#observe(names.stateMemoryBytes, labels, () => statistics().engineMemoryBytes)
  }

  /** Adds what is observed of a worker's buffers. */
  observeBuffers({ broker, fetcher, collector, inputs }: WorkerBuffers): void {
    this.#observe(names.fetchBufferBytes, {}, () => fetcher.bufferedBytes)
    this.#observe(names.inputBufferBytes, {}, () => inputs.bufferedBytes)
    this.#observe(names.pausedPartitions, {}, () => inputs.pausedPartitions)
    this.#observe(names.producerBufferBytes, {}, () => collector.producer.bufferedBytes)
    this.#observe(names.throttled, {}, () => broker.throttledMs / 1000)
  }

  /** Counts records of a partition that were gone before they were processed. */
  lost({ topic, partition }: TopicPartition, records: number): void {
    const labels = { topic, partition: String(partition) }
    this.#metrics.counter(names.lostRecords.name, names.lostRecords.help, labels).add(records)
  }

  /** Adds what is observed of a standby until {@link removeTask}. */
  addStandby(standby: StandbyTask): void {
    const labels = { task: standby.name, subtopology: String(standby.id.subTopology) }
    for (const { storeName } of standby.changelogs) {
      this.#observe(names.standbyLag, { ...labels, store: storeName }, () => {
        const found = standby.readings.find(({ changelog }) => changelog.storeName === storeName)
        return found?.lag ?? -1
      })
    }
  }

  removeTask({ name }: StandbyTask): void {
    this.#metrics.remove({ task: name })
  }

  restored({ name, id }: RestorableTask, records: number): void {
    const labels = { task: name, subtopology: String(id.subTopology) }
    this.#metrics.counter(names.restored.name, names.restored.help, labels).add(records)
  }

  #observe(
    { name, help }: { readonly name: string; readonly help: string },
    labels: Readonly<globalThis.Record<string, string>>,
    read: () => number,
  ): void {
    this.#metrics.observedGauge(name, help, labels, read)
  }

  /** The sizes as of a while ago: asking RocksDB at each scrape would be slow, and cannot be waited for. */
  #statisticsOf(active: ActiveTask): () => StateStatistics {
    let latest: StateStatistics = noStatistics
    let askedMs = -Infinity
    return () => {
      const nowMs = this.#clock.monotonicMs()
      if (nowMs - askedMs < statisticsIntervalMs || active.phase === 'closed') return latest
      askedMs = nowMs
      const found = active.state.statistics()
      if (!isPromise(found)) latest = found
      else {
        found.then(
          (statistics) => (latest = statistics),
          () => undefined,
        )
      }
      return latest
    }
  }
}
