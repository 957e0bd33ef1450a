import type { Broker } from '../broker/port.ts'
import type { Clock } from '../core/clock.ts'
import type { Header } from '../core/headers.ts'
import { taskIdName } from '../core/task-id.ts'
import { deadLetterHeaders } from './dead-letter-headers.ts'
import type { FailedRecord } from './error-handlers.ts'
import { makeTopicsReady, type TopicCreation } from './internal-topics.ts'
import type { RecordCollector } from './record-collector.ts'

/** A stack trace in a header must not make a record too large to be kept. */
const stacktraceCharactersMax = 4_000

/** Writes failed records, with their original bytes and their cause, to the application's dead-letter topic. */
export class DeadLetters {
  readonly topic: string
  readonly #collector: RecordCollector
  readonly #clock: Clock

  constructor(topic: string, collector: RecordCollector, clock: Clock) {
    this.topic = topic
    this.#collector = collector
    this.#clock = clock
  }

  /** Creates the topic where it is missing: one partition, kept for ever. One that exists stays as it is. */
  async prepare(broker: Broker, creation: TopicCreation): Promise<void> {
    const existing = await broker.describeTopics([this.topic])
    if (!existing.has(this.topic)) {
      const config = { 'cleanup.policy': 'delete', 'retention.ms': '-1' }
      await makeTopicsReady(broker, [{ name: this.topic, partitions: 1, config }], creation)
    }
    await this.#collector.prepare([this.topic])
  }

  /** Part of the commit of the task, as every other output. */
  readonly write = (failed: FailedRecord): void => {
    const partitions = this.#collector.partitions(this.topic)
    this.#collector.send(
      this.topic,
      (failed.partition ?? 0) % partitions,
      failed.timestampMs >= 0 ? failed.timestampMs : this.#clock.now(),
      failed.key,
      failed.value,
      [...failed.headers, ...causeOf(failed)],
    )
  }
}

function causeOf(failed: FailedRecord): Header[] {
  const { error, topic, partition, offset, node } = failed
  const said: [string, string | undefined][] = [
    [deadLetterHeaders.exception, error.name],
    [deadLetterHeaders.message, error.message],
    [deadLetterHeaders.stacktrace, error.stack?.slice(0, stacktraceCharactersMax)],
    [deadLetterHeaders.topic, topic],
    [deadLetterHeaders.partition, partition?.toString()],
    [deadLetterHeaders.offset, offset?.toString()],
    [deadLetterHeaders.stage, failed.stage],
    [deadLetterHeaders.task, taskIdName(failed.taskId)],
    [deadLetterHeaders.node, node],
  ]
  return said.flatMap(([key, value]) =>
    value === undefined ? [] : [{ key, value: Buffer.from(value) }],
  )
}
