import type { Broker, CommittedOffset, GroupIdentity, Producer } from '../broker/port.ts'
import { ConfigError, UnknownTopicError } from '../core/errors.ts'
import { partitionForKey } from '../core/murmur2.ts'
import { redrivenHeaders, type DeadLetter } from './dead-letter.ts'
import { isMeant, type DeadLetterFilter } from './dead-letter-filter.ts'
import { lettersOf, spansOfTopic, type LetterSpan } from './dead-letter-reader.ts'
import { RedriveProgress } from './redrive-progress.ts'

/** What is redriven, and where to. */
export interface RedriveOptions extends DeadLetterFilter {
  /** The topic to write to. @defaultValue the one that each record came from */
  readonly to?: string
  /** The partition: that which it came from, by the key's bytes as Kafka's clients choose, or a certain one. @defaultValue `'same'` */
  readonly toPartition?: 'same' | 'key' | number
  /** How many records at most. @defaultValue 1,000 */
  readonly limit?: number
  /** Only says what would be done. @defaultValue false */
  readonly dryRun?: boolean
  /** Called for each record, before it is committed. */
  readonly onRecord?: (letter: DeadLetter, outcome: RedriveOutcome) => void
}

/** What becomes of a dead letter: it goes to a partition, or stays for a reason. */
export type RedriveOutcome =
  | { readonly to: { readonly topic: string; readonly partition: number } }
  | { readonly kept: string }

/** What a redrive came to. */
export interface RedriveReport {
  /** How many went back; in a dry run, would. */
  readonly redriven: number
  /** How many were meant but cannot go back; they stay. */
  readonly kept: number
}

/** A redrive of one application's dead letters. */
export interface RedriveJob {
  readonly broker: Broker
  readonly applicationId: string
  readonly topic: string
}

/** So many records go back in one transaction. */
const batchRecords = 500

/** The group whose offsets say what was redriven. */
function redriveGroupOf({ applicationId }: RedriveJob): string {
  return `${applicationId}-dlq-redrive`
}

/** How far each partition was redriven. */
export async function redriveProgress(
  job: RedriveJob,
  spans: readonly LetterSpan[],
): Promise<Map<number, RedriveProgress>> {
  const committed = await job.broker.committedOffsets(redriveGroupOf(job), spans)
  return new Map(
    spans.map(({ topic, partition }) => [
      partition,
      new RedriveProgress(topic, partition, offsetOf(committed, partition)),
    ]),
  )
}

/**
 * Writes dead letters back, and with them in one transaction that it did: after a crash the next redrive goes on where the
 * last transaction that was committed ended, and writes nothing twice. One that runs at the same time is fenced by the later
 * one.
 */
export class Redrive {
  readonly #job: RedriveJob
  readonly #options: RedriveOptions
  readonly #partitionCounts = new Map<string, number>()
  #redriven = 0
  #kept = 0

  constructor(job: RedriveJob, options: RedriveOptions) {
    this.#job = job
    this.#options = options
  }

  async run(): Promise<RedriveReport> {
    const { broker, topic } = this.#job
    const spans = await spansOfTopic(broker, topic)
    // It fences an earlier one and ends what that left open; only then is it known how far that came.
    const producer = this.#options.dryRun ? undefined : await this.#openProducer()
    try {
      const progress = await redriveProgress(this.#job, spans)
      for (const span of spans) await this.#redrive(span, progress.get(span.partition)!, producer)
    } finally {
      await producer?.close()
    }
    return { redriven: this.#redriven, kept: this.#kept }
  }

  async #openProducer(): Promise<Producer> {
    const { broker } = this.#job
    if (!broker.supportsTransactions) {
      throw new ConfigError(
        `${broker.name} has no transactions, without which records could go back twice`,
      )
    }
    return await broker.openProducer({ transactionalId: redriveGroupOf(this.#job) })
  }

  async #redrive(
    span: LetterSpan,
    progress: RedriveProgress,
    producer: Producer | undefined,
  ): Promise<void> {
    const { limit = 1000 } = this.#options
    let batch: (() => void)[] = []
    let nextOffset = progress.next
    const commit = async (): Promise<void> => {
      if (producer && batch.length > 0) await this.#commit(producer, batch, progress)
      batch = []
    }
    for await (const letter of lettersOf(this.#job.broker, span, nextOffset)) {
      // Between records there is nothing that could go back: marks of transactions, and what was aborted.
      progress.add(nextOffset, letter.offset)
      nextOffset = letter.offset + 1
      if (progress.isDone(letter.offset) || !isMeant(letter, this.#options)) continue
      if (this.#redriven >= limit) break
      const outcome = await this.#outcomeOf(letter)
      this.#options.onRecord?.(letter, outcome)
      if ('kept' in outcome) {
        this.#kept++
        continue
      }
      this.#redriven++
      if (!producer) continue
      await producer.prepare([outcome.to.topic])
      progress.add(letter.offset, nextOffset)
      batch.push(() => send(producer, letter, outcome.to))
      if (batch.length >= batchRecords) await commit()
    }
    await commit()
  }

  async #commit(
    producer: Producer,
    batch: readonly (() => void)[],
    progress: RedriveProgress,
  ): Promise<void> {
    const nobody: GroupIdentity = {
      groupId: redriveGroupOf(this.#job),
      memberId: '',
      generationId: -1,
    }
    const offset = progress.committed()
    producer.beginTransaction()
    try {
      for (const add of batch) {
        await producer.ready()
        add()
      }
      await producer.sendOffsets(nobody, [offset])
    } catch (error) {
      await producer.abortTransaction()
      throw error
    }
    await producer.commitTransaction()
  }

  async #outcomeOf(letter: DeadLetter): Promise<RedriveOutcome> {
    const { origin, omitted } = letter
    if (omitted !== undefined) {
      return { kept: `the record was too large for the dead-letter topic (${omitted})` }
    }
    const topic = this.#options.to ?? origin.topic
    if (topic === undefined) return { kept: 'it came from no topic; name one to write it to' }
    const partitions = await this.#partitionsOf(topic)
    const { toPartition = 'same' } = this.#options
    const partition = toPartition === 'same' ? origin.partition : toPartition
    if (partition === undefined || partition === 'key') {
      return { to: { topic, partition: letter.key ? partitionForKey(letter.key, partitions) : 0 } }
    }
    if (partition < partitions) return { to: { topic, partition } }
    return { kept: `${topic} has no partition ${partition}; have the partition chosen by key` }
  }

  async #partitionsOf(topic: string): Promise<number> {
    const known = this.#partitionCounts.get(topic)
    if (known !== undefined) return known
    const description = (await this.#job.broker.describeTopics([topic])).get(topic)
    if (!description) {
      throw new UnknownTopicError(
        `The topic ${topic}, which a dead letter is to go back to, does not exist; name another to write to`,
      )
    }
    this.#partitionCounts.set(topic, description.partitions)
    return description.partitions
  }
}

function send(
  producer: Producer,
  letter: DeadLetter,
  { topic, partition }: { readonly topic: string; readonly partition: number },
): void {
  const { timestampMs, key, value } = letter
  producer.send(topic, partition, timestampMs, key, value, redrivenHeaders(letter))
}

function offsetOf(
  committed: readonly CommittedOffset[],
  partition: number,
): CommittedOffset | undefined {
  return committed.find((each) => each.partition === partition)
}
