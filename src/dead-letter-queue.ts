import type { BrokerConnector } from './broker/connector.ts'
import type { Broker } from './broker/port.ts'
import { systemClock } from './core/clock.ts'
import type { AsyncCloseable } from './core/disposable.ts'
import { silentLogger, type Logger } from './core/logger.ts'
import { systemRandom } from './core/random.ts'
import { isMeant, type DeadLetterFilter } from './dead-letters/dead-letter-filter.ts'
import { lettersOf, spansOfTopic } from './dead-letters/dead-letter-reader.ts'
import type { DeadLetter } from './dead-letters/dead-letter.ts'
import type {
  DropOptions,
  DropReport,
  RedriveOptions,
  RedriveReport,
} from './dead-letters/redrive-options.ts'
import { Redrive, redriveProgress, type RedriveJob } from './dead-letters/redrive.ts'

/** Whose dead letters, and where they are. */
export interface DeadLetterQueueOptions {
  readonly broker: BrokerConnector
  readonly applicationId: string
  /** @defaultValue `<applicationId>-dead-letters` */
  readonly topic?: string
  /** @defaultValue none */
  readonly logger?: Logger
}

/** A dead letter, and whether it was redriven. */
export interface ListedDeadLetter extends DeadLetter {
  /** Whether it was redriven, or dropped. */
  readonly isRedriven: boolean
}

/** The dead letters of an application: what failed, and the way back for it. */
export class DeadLetterQueue implements AsyncCloseable {
  readonly #broker: Broker
  readonly #job: RedriveJob

  private constructor(broker: Broker, job: RedriveJob) {
    this.#broker = broker
    this.#job = job
  }

  /**
   * Connects.
   *
   * @throws BrokerUnavailableError
   */
  static async open(options: DeadLetterQueueOptions): Promise<DeadLetterQueue> {
    const {
      applicationId,
      topic = `${applicationId}-dead-letters`,
      logger = silentLogger,
    } = options
    const clientId = `${applicationId}-dlq`
    const environment = { clock: systemClock, random: systemRandom, logger, clientId }
    const broker = options.broker.open(environment)
    try {
      await broker.connect()
    } catch (error) {
      await broker.close()
      throw error
    }
    return new DeadLetterQueue(broker, { broker, applicationId, topic })
  }

  /**
   * The dead letters that there are now, partition by partition in the order in which they failed.
   *
   * @throws UnknownTopicError where there is no dead-letter topic
   */
  async *list(filter: DeadLetterFilter = {}): AsyncGenerator<ListedDeadLetter> {
    const spans = await spansOfTopic(this.#broker, this.#job.topic)
    const progress = await redriveProgress(this.#job, spans)
    for (const span of spans) {
      for await (const letter of lettersOf(this.#broker, span, 0)) {
        if (!isMeant(letter, filter)) continue
        yield { ...letter, isRedriven: progress.get(letter.partition)!.isDone(letter.offset) }
      }
    }
  }

  /**
   * Writes dead letters back, with their bytes, headers and times, each once over all redrives: what was done is kept in the
   * same transactions, as offsets of the group `<applicationId>-dlq-redrive`. What fails again meanwhile is for the next
   * redrive. Where this is called while another redrive runs, that one ends with `FencedError`.
   *
   * @throws UnknownTopicError where a topic does not exist; FencedError; BrokerTimeoutError where it is not known whether
   * the last transaction was committed: call it again, it will find out
   */
  async redrive(options: RedriveOptions = {}): Promise<RedriveReport> {
    const { done: redriven, kept } = await new Redrive(this.#job, {
      kind: 'redrive',
      options,
    }).run()
    return { redriven, kept }
  }

  /**
   * Gives dead letters up: they are neither redriven nor pending any more, but stay in the topic. Where
   * `holdBackLaterRecords` is set, the records held back behind them, which are dead letters themselves, wait for them no
   * longer. Each goes once, as for {@link redrive}.
   *
   * @throws as {@link redrive} does
   */
  async drop(options: DropOptions = {}): Promise<DropReport> {
    const { done: dropped } = await new Redrive(this.#job, { kind: 'drop', options }).run()
    return { dropped }
  }

  async close(): Promise<void> {
    await this.#broker.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}
