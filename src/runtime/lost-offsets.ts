import type { FetchedPartition, PartitionOffset, RecordCursor } from '../broker/port.ts'
import { OffsetOutOfRangeError, TaskMigratedError } from '../core/errors.ts'
import { noHeaders } from '../core/headers.ts'
import type { TopicPartition } from '../core/topic-partition.ts'
import { readsTopic } from '../topology/matched-topics.ts'
import type { LostOffsetPolicy } from '../topology/topology-plan.ts'
import { repartitionTopicsOf } from './start-positions.ts'
import type { WorkerOptions } from './worker-options.ts'

/** What is known of a partition whose next offset the broker does not have. */
interface LostPlace extends TopicPartition {
  readonly offset: number
  readonly startOffset: number
  readonly endOffset: number
  readonly cause: Error
}

/** Where reading goes on, and where the log ends. */
export interface FoundPosition extends PartitionOffset {
  readonly endOffset: number
}

/** Counts the records of a partition that were passed over. */
export type LostRecordCounter = (place: TopicPartition, records: number) => void

/**
 * Decides where reading goes on when the broker no longer has the offset that is next: retention has removed it, or the
 * topic was cut or made anew.
 *
 * Repartition topics are exempt from every policy: their records came from this application, are deleted by it only once
 * they are processed, and are in no other place.
 *
 * @remarks Source: Kafka's `auto.offset.reset`, which decides about a missing offset and a lost one alike, and says
 * nothing of what is lost.
 */
export class LostOffsets {
  readonly #options: WorkerOptions
  readonly #repartitionTopics: ReadonlySet<string>
  readonly #onLost: LostRecordCounter

  constructor(options: WorkerOptions, onLost: LostRecordCounter) {
    this.#options = options
    this.#repartitionTopics = repartitionTopicsOf(options)
    this.#onLost = onLost
  }

  /**
   * Where reading goes on after this error.
   *
   * @throws OffsetOutOfRangeError, which cannot be retried, where records were lost and the policy is `fail`; it names
   * what is gone and what to set. TaskMigratedError where another worker has processed what is gone
   */
  async positionAfter(error: OffsetOutOfRangeError): Promise<FoundPosition> {
    const { topicPartition: place, offset } = error
    if (!place || offset === undefined) throw error
    const { broker } = this.#options
    const [start] = await broker.listOffsets([place], 'earliest', 'read_uncommitted')
    const [end] = await broker.listOffsets([place], 'latest', 'read_uncommitted')
    const lost: LostPlace = {
      ...place,
      offset,
      startOffset: start!.offset,
      endOffset: end!.offset,
      cause: error,
    }
    // What a replica that lagged behind answered is not so any more.
    const { endOffset } = lost
    if (lost.startOffset <= offset && offset <= endOffset) return { ...place, offset, endOffset }
    await this.#checkOwned(lost)
    const policy = this.#policyOf(place.topic)
    if (policy === 'fail') throw this.#failure(lost)
    const next = policy === 'earliest' ? lost.startOffset : endOffset
    // Beyond the end it is another log: what had not been read of the former one is not known.
    const from = offset < lost.startOffset ? offset : lost.startOffset
    const skipped = next - from
    this.#onLost(place, skipped)
    this.#options.logger.warn(
      'Records were gone before they were processed; going on after them, as onLostOffset says',
      {
        ...place,
        nextOffset: offset,
        logStartOffset: lost.startOffset,
        logEndOffset: lost.endOffset,
        policy,
        from: next,
        skipped,
      },
    )
    return { ...place, offset: next, endOffset }
  }

  /**
   * A worker that stood still, and does not know yet that the group has gone on without it, finds gone what the next
   * owner of the task has processed, and purged where it is a repartition topic's.
   */
  async #checkOwned({ topic, partition, offset }: LostPlace): Promise<void> {
    const { broker, applicationId } = this.#options
    const place = { topic, partition }
    const [committed] = await broker.committedOffsets(applicationId, [place])
    if (committed === undefined || committed.offset <= offset) return
    throw new TaskMigratedError(
      `Another worker has processed the partition up to offset ${committed.offset}, beyond where this one was to go on`,
      { topicPartition: place, offset },
    )
  }

  #policyOf(brokerTopic: string): LostOffsetPolicy {
    if (this.#repartitionTopics.has(brokerTopic)) return 'fail'
    const { plan, config } = this.#options
    for (const { nodes } of plan.subTopologies) {
      for (const node of nodes) {
        if (node.type === 'source' && node.onLostOffset && readsTopic(node, brokerTopic)) {
          return node.onLostOffset
        }
      }
    }
    return config.onLostOffset
  }

  #failure(lost: LostPlace): OffsetOutOfRangeError {
    const { topic, partition, offset, cause } = lost
    return new OffsetOutOfRangeError(`${whatIsGone(lost)} ${this.#whatToDo(topic)}`, {
      topicPartition: { topic, partition },
      offset,
      cause,
    })
  }

  #whatToDo(topic: string): string {
    const { applicationId } = this.#options
    if (this.#repartitionTopics.has(topic)) {
      return (
        'It is a repartition topic, whose records nothing but this application may delete, so no policy passes over ' +
        `them. Find out what deleted them; to accept the loss, set the offset of group ${applicationId} ` +
        'with kafka-consumer-groups --reset-offsets while no worker runs'
      )
    }
    return (
      "Nothing was passed over. Raise the topic's retention; to go on without them set onLostOffset, in the " +
      "configuration or in the options of the source, to 'earliest' (from where the log begins) or 'latest' (from its end)"
    )
  }
}

function whatIsGone({ offset, startOffset, endOffset }: LostPlace): string {
  if (offset < startOffset) {
    return (
      `Records were deleted before they were processed: offset ${offset} is next, and the log begins at ` +
      `${startOffset} now, so up to ${startOffset - offset} records are gone.`
    )
  }
  return (
    `The log was cut or made anew: offset ${offset} is next, and it has offsets ${startOffset} to ${endOffset} now, ` +
    'so what was written to it before may be gone.'
  )
}

/** Stands for records that are passed over, once those before them are processed. */
export function passedOver({
  topic,
  partition,
  offset,
  endOffset,
}: FoundPosition): FetchedPartition {
  return {
    topic,
    partition,
    records: noRecords,
    bytes: 0,
    nextOffset: offset,
    highWatermark: endOffset,
    lastStableOffset: endOffset,
    logStartOffset: offset,
  }
}

const noRecords: RecordCursor = {
  next: () => false,
  offset: -1,
  timestampMs: -1,
  buffer: Buffer.alloc(0),
  keyStart: 0,
  keyEnd: -1,
  valueStart: 0,
  valueEnd: -1,
  headers: () => noHeaders,
}
