import type { Broker, CommittedOffset, GroupIdentity, Producer } from '../broker/port.ts'
import { ConfigError } from '../core/errors.ts'
import { firstPlaceText } from '../runtime/redriven-from.ts'
import { isBack, redrivenHeaders, type DeadLetter } from './dead-letter.ts'
import { isMeant } from './dead-letter-filter.ts'
import { lettersOf, spansOfTopic, type LetterSpan } from './dead-letter-reader.ts'
import { findDroppedTopic, type DroppedTopic } from './dropped-topic.ts'
import type { DropOptions, RedriveOptions, RedriveOutcome } from './redrive-options.ts'
import { RedriveProgress } from './redrive-progress.ts'
import { RedriveTargets } from './redrive-targets.ts'

/** A redrive of one application's dead letters. */
export interface RedriveJob {
  readonly broker: Broker
  readonly applicationId: string
  readonly topic: string
}

/** What is done with dead letters: they are written to topics, or given up. */
export type RedriveAction =
  | { readonly kind: 'redrive'; readonly options: RedriveOptions }
  | { readonly kind: 'drop'; readonly options: DropOptions }

/** What was done in all. */
export interface RedriveCounts {
  readonly done: number
  readonly kept: number
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
 * Writes dead letters back or gives them up, and with them in one transaction that it did: after a crash the next redrive
 * goes on where the last transaction that was committed ended, and writes nothing twice. One that runs at the same time is
 * fenced by the later one.
 *
 * Where later records of a dead letter's key are held back, who holds them is told of each letter that does not go back.
 */
export class Redrive {
  readonly #job: RedriveJob
  readonly #action: RedriveAction
  readonly #targets: RedriveTargets
  #done = 0
  #kept = 0

  constructor(job: RedriveJob, action: RedriveAction) {
    this.#job = job
    this.#action = action
    this.#targets = new RedriveTargets(job.broker)
  }

  async run(): Promise<RedriveCounts> {
    const { broker, topic } = this.#job
    const spans = await spansOfTopic(broker, topic)
    // It fences an earlier one and ends what that left open; only then is it known how far that came.
    const producer = this.#action.options.dryRun ? undefined : await this.#openProducer()
    try {
      const dropped = await findDroppedTopic(broker, topic)
      if (dropped.exists) await producer?.prepare([dropped.topic])
      const progress = await redriveProgress(this.#job, spans)
      for (const span of spans) {
        await this.#work(span, progress.get(span.partition)!, { producer, dropped })
      }
    } finally {
      await producer?.close()
    }
    return { done: this.#done, kept: this.#kept }
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

  async #work(span: LetterSpan, progress: RedriveProgress, means: Means): Promise<void> {
    const { producer, dropped } = means
    const { limit = 1000 } = this.#action.options
    let batch: ((producer: Producer) => void)[] = []
    let nextOffset = progress.next
    const commit = async (): Promise<void> => {
      if (producer && batch.length > 0) await this.#commit(producer, batch, progress)
      batch = []
    }
    for await (const letter of lettersOf(this.#job.broker, span, nextOffset)) {
      // Between records there is nothing that could go back: marks of transactions, and what was aborted.
      progress.add(nextOffset, letter.offset)
      nextOffset = letter.offset + 1
      if (progress.isDone(letter.offset) || !isMeant(letter, this.#action.options)) continue
      if (this.#done >= limit) break
      const outcome = await this.#outcomeOf(letter)
      if ('kept' in outcome) {
        this.#kept++
        continue
      }
      this.#done++
      if (!producer) continue
      if ('to' in outcome) await producer.prepare([outcome.to.topic])
      progress.add(letter.offset, nextOffset)
      batch.push((each) => send(each, letter, outcome, dropped))
      if (batch.length >= batchRecords) await commit()
    }
    await commit()
  }

  async #commit(
    producer: Producer,
    batch: readonly ((producer: Producer) => void)[],
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
        add(producer)
      }
      await producer.sendOffsets(nobody, [offset])
    } catch (error) {
      await producer.abortTransaction()
      throw error
    }
    await producer.commitTransaction()
  }

  async #outcomeOf(letter: DeadLetter): Promise<RedriveOutcome | typeof given> {
    if (this.#action.kind === 'drop') {
      this.#action.options.onRecord?.(letter)
      return given
    }
    const { options } = this.#action
    const outcome = await this.#targets.of(letter, options)
    options.onRecord?.(letter, outcome)
    return outcome
  }
}

/** What becomes of a dead letter that is given up. */
const given = { dropped: true } as const

/** What a redrive writes with. */
interface Means {
  readonly producer: Producer | undefined
  readonly dropped: DroppedTopic
}

function send(
  producer: Producer,
  letter: DeadLetter,
  outcome: Exclude<RedriveOutcome, { readonly kept: string }> | typeof given,
  dropped: DroppedTopic,
): void {
  const { timestampMs, key, value, holdsBack } = letter
  const to = 'to' in outcome ? outcome.to : undefined
  if (to) {
    const headers = redrivenHeaders(letter, to, dropped.endOffset)
    producer.send(to.topic, to.partition, timestampMs, key, value, headers)
  }
  if (!holdsBack || !dropped.exists || (to && isBack(holdsBack, to))) return
  const place = Buffer.from(firstPlaceText(holdsBack))
  producer.send(dropped.topic, 0, timestampMs, place, Buffer.from(to ? 'moved' : 'dropped'), [])
}

function offsetOf(
  committed: readonly CommittedOffset[],
  partition: number,
): CommittedOffset | undefined {
  return committed.find((each) => each.partition === partition)
}
