import type { Random } from '../../../core/random.ts'
import { Backoff } from '../cluster/backoff.ts'
import type { TopicLimits } from './topic-limits.ts'
import { sequenceAfter, type PendingBatch } from './pending-batch.ts'

/** The broker recognises duplicates among so many batches of a partition. */
const inFlightMax = 5

/** The batches of one partition, in order: in flight, to be sent again, full, and the one being filled. */
export class PartitionQueue {
  readonly topic: string
  readonly partition: number
  /** A batch is closed when it would grow beyond this. */
  batchBytes: number
  /** What the topic takes. */
  readonly limits: TopicLimits
  /** Being filled. */
  open: PendingBatch | undefined
  /** The open batch is to be sent although it is not full. */
  openIsDue = false
  lastOffset: number | undefined
  /** Not before this, in monotonic milliseconds, is anything sent again. */
  retryAtMs = 0
  readonly #full: PendingBatch[] = []
  readonly #inFlight: PendingBatch[] = []
  readonly #again: PendingBatch[] = []
  readonly #backoff: Backoff
  #againIsUnordered = false
  #pauseBeforeRetry = false
  #nextSequence = 0
  /** The broker has acknowledged a batch of this numbering. */
  #isKnownToBroker = false

  constructor(
    topic: string,
    partition: number,
    batchBytes: number,
    limits: TopicLimits,
    random: Random,
  ) {
    this.topic = topic
    this.partition = partition
    this.batchBytes = Math.min(batchBytes, limits.maxBatchBytes)
    this.limits = limits
    this.#backoff = new Backoff(random)
  }

  /** Everything that is not acknowledged yet, oldest first. */
  *unacknowledged(): IterableIterator<PendingBatch> {
    yield* this.#inFlight
    yield* this.#again
    yield* this.#full
    if (this.open !== undefined) yield this.open
  }

  /** Ends the open batch: nothing more is added to it. */
  closeOpen(): void {
    if (this.open === undefined) return
    this.#full.push(this.open)
    this.open = undefined
    this.openIsDue = false
  }

  /** The batch that waits longest for being sent; undefined where none does. */
  get next(): PendingBatch | undefined {
    return this.#again[0] ?? this.#full[0] ?? (this.openIsDue ? this.open : undefined)
  }

  /** Whether there is a batch that waits for being sent. */
  get hasWork(): boolean {
    return this.next !== undefined
  }

  /** Whether a batch may be sent now. While some are to be sent again, the others in flight come back first. */
  maySend(nowMs: number): boolean {
    // A broker that knows nothing of the producer yet takes any number for the first: were the first batch lost and
    // the second not, it would refuse the first for good.
    const most = this.#isKnownToBroker ? inFlightMax : 1
    if (!this.hasWork || this.#inFlight.length >= most) return false
    // After a failure one batch at a time goes out, so that those behind it are not refused for being out of order.
    return this.#again.length === 0 || (this.#inFlight.length === 0 && nowMs >= this.retryAtMs)
  }

  /** Takes the next batch to send and numbers its records. */
  takeNext(): PendingBatch {
    if (this.#again.length === 0 && this.#full.length === 0) this.closeOpen()
    const batch = (this.#again.shift() ?? this.#full.shift())!
    if (batch.sequence < 0) {
      batch.sequence = this.#nextSequence
      this.#nextSequence = sequenceAfter(this.#nextSequence, batch.count)
    }
    this.#inFlight.push(batch)
    return batch
  }

  /** Takes note of an acknowledgement. */
  acknowledged(batch: PendingBatch, baseOffset: number, nowMs: number): void {
    this.#inFlight.splice(this.#inFlight.indexOf(batch), 1)
    this.#backoff.reset()
    this.#isKnownToBroker = true
    if (baseOffset >= 0) this.lastOffset = baseOffset + batch.count - 1
    this.#orderRetries(nowMs)
  }

  /** Keeps a batch to be sent again, in its place in the order, once the others in flight have come back. */
  sendAgain(batch: PendingBatch, nowMs: number): void {
    this.#inFlight.splice(this.#inFlight.indexOf(batch), 1)
    this.#again.push(batch)
    this.#againIsUnordered = true
    this.#pauseBeforeRetry = true
    this.#orderRetries(nowMs)
  }

  /** As {@link sendAgain}, for a batch that the broker found too large: it goes in parts, and others are made smaller. */
  sendInParts(batch: PendingBatch, nowMs: number): void {
    this.#inFlight.splice(this.#inFlight.indexOf(batch), 1)
    this.#again.push(batch)
    this.#againIsUnordered = true
    this.batchBytes = Math.min(this.batchBytes, batch.writer.bytes >> 1)
    this.#orderRetries(nowMs)
  }

  /** Whether no older batch is without acknowledgement. */
  isOldest(batch: PendingBatch): boolean {
    const isOlder = (other: PendingBatch): boolean =>
      sequenceDistance(other.sequence, batch.sequence) > 0
    return !this.#inFlight.some(isOlder) && !this.#again.some(isOlder)
  }

  /** Whether batches have numbers that the broker has not acknowledged: dropping them would leave a gap. */
  get hasNumbered(): boolean {
    return this.#inFlight.length > 0 || this.#again.length > 0
  }

  /** Drops everything. With `renumber` the numbers begin anew, as those of another producer. */
  clear(renumber: boolean): void {
    this.open = undefined
    this.openIsDue = false
    for (const batches of [this.#full, this.#inFlight, this.#again]) batches.length = 0
    if (!renumber) return
    this.#nextSequence = 0
    this.#isKnownToBroker = false
  }

  /**
   * Begins the numbers anew, as those of the producer's next epoch; everything numbered must be acknowledged. A broker
   * that knows the producer takes no number but the first for the first of an epoch.
   */
  renumber(): void {
    this.#nextSequence = 0
  }

  #orderRetries(nowMs: number): void {
    if (!this.#againIsUnordered || this.#inFlight.length > 0) return
    this.#againIsUnordered = false
    this.#again.sort((a, b) => sequenceDistance(b.sequence, a.sequence))
    const batches = this.#again.flatMap((batch) =>
      batch.count > 1 && batch.writer.bytes > this.batchBytes
        ? batch.split(this.topic, this.partition, this.batchBytes)
        : [batch],
    )
    this.#again.splice(0, this.#again.length, ...batches)
    this.retryAtMs = this.#pauseBeforeRetry ? nowMs + this.#backoff.next() : nowMs
    this.#pauseBeforeRetry = false
  }
}

/** How far `to` lies after `from`, negative where before, in numbers that begin anew after 2³¹ − 1. */
function sequenceDistance(from: number, to: number): number {
  const distance = to - from
  if (distance > 0x40000000) return distance - 0x80000000
  return distance < -0x40000000 ? distance + 0x80000000 : distance
}
