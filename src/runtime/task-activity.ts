import { topicPartitionName } from '../core/topic-partition.ts'
import { taskIdName } from '../core/task-id.ts'
import type { TaskScope } from './task-scope.ts'

/** Says what a task is at, for the error of one that does not come back. */
export function activityOf({ id, input, held, waiting, calls, ...scope }: TaskScope): string {
  const task = `task ${taskIdName(id)}`
  const [node] = waiting
  const at = node === undefined ? '' : ` in processor '${node}'`
  if (scope.timer) return `${task}, in the timer '${scope.timer.slot.name}'${at}`
  if (scope.punctuationMs !== undefined) return `${task}, in a punctuation${at}`
  const origin = held ? held.origin : input
  if (origin) {
    const place = topicPartitionName(origin.topic, origin.partition)
    return `${task}, in the record at offset ${origin.offset} of ${place}${at}`
  }
  const busy = calls.waitedFor
  if (busy.length > 0) return `${task}, in the calls of ${busy.join(', ')}`
  return `${task}${at}`
}
