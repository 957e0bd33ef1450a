import type { Broker } from '../broker/port.ts'
import type { Clock } from '../core/clock.ts'
import { isStreamsError, ProductionError } from '../core/errors.ts'
import type { Header } from '../core/headers.ts'
import type { Logger } from '../core/logger.ts'
import { taskIdName } from '../core/task-id.ts'
import { deadLetterHeaders } from './dead-letter-headers.ts'
import type { DeadRecord } from './error-handlers.ts'
import { makeTopicsReady, type TopicCreation } from './internal-topics.ts'
import type { RecordCollector } from './record-collector.ts'

/** A message or stack trace in a header must not make a record too large to be kept. */
const textCharactersMax = 4_000

/** Whose dead letters, and where they go. */
export interface DeadLettersOptions {
  readonly topic: string
  readonly applicationId: string
  readonly collector: RecordCollector
  readonly clock: Clock
  readonly logger: Logger
}

/** Writes failed records, with their original bytes and their cause, to the application's dead-letter topic. */
export class DeadLetters {
  readonly topic: string
  readonly #applicationId: string
  readonly #collector: RecordCollector
  readonly #clock: Clock
  readonly #logger: Logger

  constructor(options: DeadLettersOptions) {
    this.topic = options.topic
    this.#applicationId = options.applicationId
    this.#collector = options.collector
    this.#clock = options.clock
    this.#logger = options.logger
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
  readonly write = (failed: DeadRecord): void => {
    const cause = causeOf(failed, this.#applicationId)
    try {
      this.#send(failed, failed.key, failed.value, [...failed.headers, ...cause])
    } catch (error) {
      // With its cause it may be larger than the topic takes; that must not keep all that comes after it waiting.
      if (!(error instanceof ProductionError)) throw error
      this.#logger.error(
        'A failed record is too large for the dead-letter topic: only its place and cause are kept there',
        { topic: failed.topic, partition: failed.partition, offset: failed.offset, error },
      )
      const value = Buffer.from(omittedOf(failed))
      this.#send(failed, null, null, [...cause, { key: deadLetterHeaders.omitted, value }])
    }
  }

  #send(
    failed: DeadRecord,
    key: Buffer | null,
    value: Buffer | null,
    headers: readonly Header[],
  ): void {
    const partitions = this.#collector.partitions(this.topic)
    const partition = (failed.partition ?? 0) % partitions
    const timestampMs = failed.timestampMs >= 0 ? failed.timestampMs : this.#clock.now()
    this.#collector.send(this.topic, partition, timestampMs, key, value, headers)
  }
}

/** What is not in the dead letter and has to be looked up where the record was read. */
function omittedOf({ key, value, headers }: DeadRecord): string {
  return `key of ${key?.length ?? 0} bytes, value of ${value?.length ?? 0} bytes, ${headers.length} headers`
}

function causeOf(failed: DeadRecord, applicationId: string): Header[] {
  const { error, topic, partition, offset, node } = failed
  const said: [string, string | undefined][] = [
    [deadLetterHeaders.exception, error.name],
    [deadLetterHeaders.message, error.message.slice(0, textCharactersMax)],
    [deadLetterHeaders.stacktrace, stackOf(failed)],
    [deadLetterHeaders.topic, topic],
    [deadLetterHeaders.partition, partition?.toString()],
    [deadLetterHeaders.offset, offset?.toString()],
    [deadLetterHeaders.stage, failed.stage],
    [deadLetterHeaders.task, taskIdName(failed.taskId)],
    [deadLetterHeaders.node, node],
    [deadLetterHeaders.code, isStreamsError(error) ? error.code : undefined],
    [deadLetterHeaders.cause, error.cause instanceof Error ? error.cause.name : undefined],
    [deadLetterHeaders.attempts, String(failed.attempt)],
    [deadLetterHeaders.application, applicationId],
    [deadLetterHeaders.holdsBack, failed.holdsBack ? 'true' : undefined],
  ]
  return said.flatMap(([key, value]) =>
    value === undefined ? [] : [{ key, value: Buffer.from(value) }],
  )
}

/** Where it was found that a record must wait says nothing of the record. */
function stackOf({ stage, error }: DeadRecord): string | undefined {
  return stage === 'held-back' ? undefined : error.stack?.slice(0, textCharactersMax)
}
