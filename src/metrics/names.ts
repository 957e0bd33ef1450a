/** The name of a metric and what it says, as Prometheus shows them. */
export interface MetricName {
  readonly name: string
  readonly help: string
}

type TaskMetric =
  | 'processLatency'
  | 'processed'
  | 'dropped'
  | 'deadLetters'
  | 'retries'
  | 'punctuateLatency'
  | 'punctuated'
  | 'enforcedProcessing'
  | 'recordLatency'
  | 'streamTime'
  | 'bufferedBytes'
  | 'uncommittedBytes'
  | 'heldBackKeys'
  | 'heldBackRecords'
  | 'heldBackLetGo'

/**
 * The metrics of a task, labelled with `task` and `subtopology`: Kafka Streams' names in Prometheus' form.
 *
 * @remarks Source: Java's `TaskMetrics`.
 */
export const taskMetrics: Readonly<globalThis.Record<TaskMetric, MetricName>> = {
  processLatency: {
    name: 'millrace_task_process_latency_seconds',
    help: 'Mean time to process a record, observed once a time slice.',
  },
  processed: {
    name: 'millrace_task_process_total',
    help: 'Records processed.',
  },
  dropped: {
    name: 'millrace_task_dropped_records_total',
    help: 'Records dropped, by reason: the stage whose handler said continue, or the rule that excludes them.',
  },
  deadLetters: {
    name: 'millrace_task_dead_letter_records_total',
    help: 'Records written to the dead-letter topic, by the stage at which they failed; held-back: behind one of their key.',
  },
  retries: {
    name: 'millrace_task_record_retries_total',
    help: 'Attempts at records that failed and were undone to be tried again, by the stage at which they failed.',
  },
  punctuateLatency: {
    name: 'millrace_task_punctuate_latency_seconds',
    help: 'Time of a round of punctuations.',
  },
  punctuated: {
    name: 'millrace_task_punctuate_total',
    help: 'Punctuations called.',
  },
  enforcedProcessing: {
    name: 'millrace_task_enforced_processing_total',
    help: 'Times a record was chosen after waiting maxTaskIdleMs in vain for an empty partition.',
  },
  recordLatency: {
    name: 'millrace_task_record_e2e_latency_seconds',
    help: 'Time from a record’s timestamp to its processing, observed once a time slice.',
  },
  streamTime: {
    name: 'millrace_task_stream_time_seconds',
    help: 'The highest event time processed, in seconds since the epoch; −1 before the first record.',
  },
  bufferedBytes: {
    name: 'millrace_task_buffered_bytes',
    help: 'Bytes fetched and not yet processed.',
  },
  uncommittedBytes: {
    name: 'millrace_task_uncommitted_bytes',
    help: 'Bytes of state written and not yet committed.',
  },
  heldBackKeys: {
    name: 'millrace_task_held_back_keys',
    help: 'Keys with a dead letter behind which their later records are held back.',
  },
  heldBackRecords: {
    name: 'millrace_task_held_back_records',
    help: 'Dead letters of those keys that were neither redriven nor dropped, and the records held back behind them.',
  },
  heldBackLetGo: {
    name: 'millrace_task_held_back_let_go_total',
    help: 'Dead letters behind which nothing is held back, since maxHeldBackRecords are held back already.',
  },
}

type WorkerMetric =
  | 'state'
  | 'tasks'
  | 'standbys'
  | 'standbyLag'
  | 'rebalances'
  | 'failures'
  | 'commitLatency'
  | 'commits'
  | 'brokerConnected'
  | 'brokerSilence'
  | 'lagRecords'
  | 'lostRecords'
  | 'tasksAssigned'
  | 'tasksRevoked'
  | 'lastRebalance'
  | 'lagSeconds'
  | 'restored'
  | 'restoreRemaining'
  | 'stateBytes'
  | 'readCacheBytes'
  | 'stateMemoryBytes'
  | 'fetchBufferBytes'
  | 'inputBufferBytes'
  | 'pausedPartitions'
  | 'producerBufferBytes'
  | 'throttled'

/**
 * The metrics of a worker as a whole, and of the tasks that it has.
 *
 * @remarks Source: Java's `ThreadMetrics`, `StateRestoreListener` and consumer lag metrics, in their meaning.
 */
export const workerMetrics: Readonly<globalThis.Record<WorkerMetric, MetricName>> = {
  state: {
    name: 'millrace_worker_state',
    help: '1 for the state that the worker is in, 0 for the others.',
  },
  tasks: {
    name: 'millrace_worker_tasks',
    help: 'Tasks that this worker has.',
  },
  standbys: {
    name: 'millrace_worker_standby_tasks',
    help: 'Tasks of which this worker keeps a standby.',
  },
  standbyLag: {
    name: 'millrace_standby_lag_records',
    help: 'Changelog records that the copy of a store in a standby lacks, by task and store; −1 until it is known.',
  },
  rebalances: {
    name: 'millrace_worker_rebalances_total',
    help: 'Rebalances that this worker took part in.',
  },
  lastRebalance: {
    name: 'millrace_worker_last_rebalance_seconds',
    help: 'How long the last rebalance took, from its beginning until its outcome was taken over.',
  },
  tasksAssigned: {
    name: 'millrace_worker_tasks_assigned_total',
    help: 'Tasks that came to this worker in rebalances.',
  },
  tasksRevoked: {
    name: 'millrace_worker_tasks_revoked_total',
    help: 'Tasks that this worker let go in rebalances.',
  },
  failures: {
    name: 'millrace_worker_recovered_failures_total',
    help: 'Failures after which the worker began anew from what was committed.',
  },
  commitLatency: {
    name: 'millrace_worker_commit_latency_seconds',
    help: 'Time from the beginning of a commit until its state is applied.',
  },
  commits: {
    name: 'millrace_worker_commit_total',
    help: 'Commits.',
  },
  lagRecords: {
    name: 'millrace_partition_lag_records',
    help: 'Records of an input partition that are not in a commit yet; −1 until it is known.',
  },
  lostRecords: {
    name: 'millrace_partition_lost_records_total',
    help: 'Offsets of an input partition that were gone before they were processed and were passed over, as onLostOffset says.',
  },
  brokerConnected: {
    name: 'millrace_broker_connected',
    help: '1 while the broker answers, 0 while the worker waits for it.',
  },
  brokerSilence: {
    name: 'millrace_broker_last_answer_seconds',
    help: 'Seconds since the broker last answered a heartbeat, a join or an attempt to reach it.',
  },
  lagSeconds: {
    name: 'millrace_task_lag_event_time_seconds',
    help: 'How far the event time of the committed state is behind the wall clock; −1 before the first record.',
  },
  restored: {
    name: 'millrace_task_restore_records_total',
    help: 'Changelog records restored.',
  },
  restoreRemaining: {
    name: 'millrace_task_restore_remaining_records',
    help: 'Changelog offsets still to be restored.',
  },
  stateBytes: {
    name: 'millrace_task_state_bytes',
    help: 'Estimated size of the state in its engine: memory, or RocksDB files and memory.',
  },
  readCacheBytes: {
    name: 'millrace_task_read_cache_bytes',
    help: 'Bytes of committed entries kept in memory for reading.',
  },
  stateMemoryBytes: {
    name: 'millrace_task_state_memory_bytes',
    help: 'Memory of the state engine as far as it tells: for RocksDB memtables, cached blocks and table indexes.',
  },
  fetchBufferBytes: {
    name: 'millrace_worker_fetch_buffer_bytes',
    help: 'Bytes that the client has fetched and tasks have not taken yet.',
  },
  inputBufferBytes: {
    name: 'millrace_worker_input_buffer_bytes',
    help: 'Bytes that tasks have taken and not processed yet.',
  },
  pausedPartitions: {
    name: 'millrace_worker_paused_partitions',
    help: 'Input partitions that are not read at the moment, since enough of them waits or nothing can be written.',
  },
  producerBufferBytes: {
    name: 'millrace_worker_producer_buffer_bytes',
    help: 'Bytes written and not yet acknowledged by the broker.',
  },
  throttled: {
    name: 'millrace_worker_throttled_seconds',
    help: 'Seconds, summed up since the start, for which quotas of the broker held the requests of the client back.',
  },
}
