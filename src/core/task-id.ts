/**
 * Names a task: the sub-topology that it runs and the partition that it runs it on.
 *
 * @remarks Source: `org.apache.kafka.streams.processor.TaskId`.
 */
export interface TaskId {
  readonly subTopology: number
  readonly partition: number
}

/** `subTopology_partition`, as Kafka Streams prints a task id. */
export function taskIdName(id: TaskId): string {
  return `${id.subTopology}_${id.partition}`
}

/** Reads what {@link taskIdName} wrote; undefined where the text is no task id. */
export function parseTaskId(text: string): TaskId | undefined {
  const match = /^(\d+)_(\d+)$/.exec(text)
  if (!match) return undefined
  return { subTopology: Number(match[1]), partition: Number(match[2]) }
}
