/** The name of a metric and what it says, as Prometheus shows them. */
export interface MetricName {
  readonly name: string
  readonly help: string
}

/**
 * The metrics of a task, labelled with `task` and `subtopology`: Kafka Streams' names in Prometheus' form.
 *
 * @remarks Source: Java's `TaskMetrics`.
 */
export const taskMetrics = {
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
    help: 'Failed records written to the dead-letter topic, by the stage at which they failed.',
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
} as const satisfies globalThis.Record<string, MetricName>
