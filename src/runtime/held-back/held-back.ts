import { HeldBackLimitError } from '../../core/errors.ts'
import type { Headers } from '../../core/headers.ts'
import type { Logger } from '../../core/logger.ts'
import { taskIdName, type TaskId } from '../../core/task-id.ts'
import type { TopicPartition } from '../../core/topic-partition.ts'
import type { KeyValueStore } from '../../state/store.ts'
import type { StoreClock, TaskState } from '../../state/task-state.ts'
import {
  decoratedTopicName,
  type SubTopology,
  type TopologyPlan,
} from '../../topology/topology-plan.ts'
import { readRedrivenFrom } from '../redriven-from.ts'
import type { TaskCalls } from '../task-calls.ts'
import type { TaskMetrics } from '../task-metrics.ts'
import type { HeldBackStatus } from '../worker-status.ts'
import type { DroppedLetters } from './dropped-letters.ts'
import { HeldBackKeys, slotOf, topicOf } from './held-back-keys.ts'
import { heldBackStores } from './held-back-plan.ts'

/** How later records of a dead letter's key are held back. */
export interface HoldBackOptions {
  /** How many records may be outstanding in a task. */
  readonly maxRecords: number
  /** What happens where there would be more. */
  readonly onLimit: 'fail' | 'let-go'
  /** What operators gave up. */
  readonly dropped: DroppedLetters
}

/** What the gate of a task works on. */
export interface HeldBackParts {
  readonly id: TaskId
  readonly applicationId: string
  readonly plan: TopologyPlan
  readonly subTopology: SubTopology
  readonly state: TaskState
  readonly storeClock: StoreClock
  readonly calls: TaskCalls
  readonly metrics: TaskMetrics
  readonly logger: Logger
  readonly options: HoldBackOptions
}

/** The record at a queue's head, as it was read. */
export interface KeyedRecord extends TopicPartition {
  readonly offset: number
  readonly timestampMs: number
  readonly headers: Headers
  /** The key's bytes as a string of one character a byte; undefined for a null key. */
  keyText(): string | undefined
}

/** A record with a key that is in process, and what is known of its end. */
export interface RecordFate {
  readonly slot: string
  /** Where it was read first. */
  readonly offset: number
  readonly timestampMs: number
  /** Whether it is a dead letter. */
  isDead: boolean
  /** How many calls beside processing it has begun whose results have not gone on. */
  calls: number
  /** Whether there is nothing left of it but such calls. */
  isProcessed: boolean
}

/**
 * Holds back later records of the key of a dead letter, of the same input partition: they become dead letters themselves,
 * and of each key only the first may be processed again. That it was is noted as its result is, so it is committed with it.
 */
export class HeldBack {
  readonly #parts: HeldBackParts
  readonly #keys: HeldBackKeys
  /** Store names by topic on the broker. */
  #stores: ReadonlyMap<string, string> = new Map()
  /** The keys of records that have calls in flight. */
  readonly #calling = new Set<string>()
  #droppedSeen = 0
  #droppedAskedTo = 0
  #hasLetGo = false
  /** Of the record in process; undefined for one without a key. */
  fate: RecordFate | undefined

  constructor(parts: HeldBackParts) {
    this.#parts = parts
    this.#keys = new HeldBackKeys((topic) => this.#store(this.#stores.get(topic)!))
    this.readTopics(parts.subTopology)
    parts.metrics.observeHeldBack(() => this.counts)
  }

  get counts(): HeldBackStatus {
    const { keys, records } = this.#keys
    return { keys, records }
  }

  /** Topics that match a pattern come and go. */
  readTopics(subTopology: SubTopology): void {
    const { plan, applicationId } = this.#parts
    const stores = new Map<string, string>()
    for (const [source, store] of heldBackStores(subTopology)) {
      const topics = typeof source === 'string' ? [source] : source.topics
      for (const topic of topics) stores.set(decoratedTopicName(plan, applicationId, topic), store)
    }
    this.#stores = stores
  }

  /** Takes over what was committed; once the state is restored. */
  async load(): Promise<void> {
    const names = new Set(heldBackStores(this.#parts.subTopology).values())
    await this.#keys.load([...names].map((name) => this.#store(name)))
  }

  /**
   * Looks at the record at a queue's head, before it is processed: undefined where it may be, which is then begun; the
   * offset that it has to stay behind; or what to wait for before asking again.
   */
  enter(queue: KeyedRecord): number | Promise<void> | undefined {
    this.fate = undefined
    const key = queue.keyText()
    if (key === undefined) return undefined
    const slot = slotOf(queue.topic, key)
    // What becomes of the record before is known when its calls have ended.
    if (this.#calling.size > 0 && this.#calling.has(slot)) return this.#parts.calls.progress()
    this.takeDropped()
    const { dropped } = this.#parts.options
    const redriven = readRedrivenFrom(queue.headers, this.#parts.applicationId, queue)
    const offset = redriven?.offset ?? queue.offset
    const oldest = this.#keys.oldest(slot)
    if (oldest !== undefined && offset > oldest) {
      // What was dropped before this one was redriven no longer keeps it.
      if (redriven && redriven.droppedTo > Math.max(dropped.position, this.#droppedAskedTo)) {
        return this.#readDropped(redriven.droppedTo)
      }
      return oldest
    }
    const { timestampMs } = queue
    this.fate = { slot, offset, timestampMs, isDead: false, calls: 0, isProcessed: false }
    return undefined
  }

  /** Notes that the record at a queue's head is held back. Throws `HeldBackLimitError`. */
  hold(queue: KeyedRecord): void {
    const { applicationId } = this.#parts
    const { topic, timestampMs } = queue
    const redriven = readRedrivenFrom(queue.headers, applicationId, queue)
    this.#note(slotOf(topic, queue.keyText()!), redriven?.offset ?? queue.offset, timestampMs)
  }

  /** The record in process was processed, but for its calls. Throws `HeldBackLimitError`. */
  end(): void {
    const { fate } = this
    if (fate === undefined) return
    this.fate = undefined
    fate.isProcessed = true
    if (fate.calls === 0) this.#settle(fate)
  }

  /** The record in process has begun a call that runs beside processing. */
  called(): void {
    const { fate } = this
    if (fate === undefined) return
    fate.calls++
    this.#calling.add(fate.slot)
  }

  /** The result of a call, whose record is in process again, has gone on. Throws `HeldBackLimitError`. */
  answered(): void {
    const { fate } = this
    if (fate === undefined) return
    fate.calls--
    if (fate.calls > 0) return
    this.#calling.delete(fate.slot)
    if (fate.isProcessed) this.#settle(fate)
  }

  /** Lets go of what was dropped meanwhile; gives whether there was any. */
  takeDropped(): boolean {
    const { options, storeClock } = this.#parts
    const { version } = options.dropped
    if (version === this.#droppedSeen) return false
    this.#droppedSeen = version
    if (this.#keys.records === 0) return false
    const { partition } = this.#parts.id
    let any = false
    for (const topic of this.#stores.keys()) {
      const offsets = options.dropped.of(topic, partition)
      if (offsets.size === 0) continue
      if (this.#keys.removeAll(topic, offsets, storeClock.streamTimeMs)) any = true
    }
    return any
  }

  async #readDropped(offset: number): Promise<void> {
    await this.#parts.options.dropped.readTo(offset)
    this.#droppedAskedTo = offset
  }

  #settle({ slot, offset, timestampMs, isDead }: RecordFate): void {
    if (isDead) this.#note(slot, offset, timestampMs)
    else if (this.#keys.records > 0) this.#keys.remove(slot, offset, timestampMs)
  }

  #note(slot: string, offset: number, timestampMs: number): void {
    const { options, id } = this.#parts
    if (this.#keys.has(slot, offset)) return
    // As after a crash under at_least_once, when the dead letter is written a second time.
    const topic = topicOf(slot)
    if (options.dropped.of(topic, id.partition).has(offset)) return
    if (this.#keys.records >= options.maxRecords) this.#overflow(topic, offset)
    else this.#keys.add(slot, offset, timestampMs)
  }

  #overflow(topic: string, offset: number): void {
    const { options, id, logger, metrics } = this.#parts
    const { maxRecords, onLimit } = options
    const full = `${maxRecords} records are held back, which is as many as maxHeldBackRecords lets be`
    if (onLimit === 'fail') {
      throw new HeldBackLimitError(
        `${full}. Redrive or drop dead letters, raise the limit, or set onHeldBackLimit: 'let-go'`,
        { taskId: id, topicPartition: { topic, partition: id.partition }, offset },
      )
    }
    metrics.heldBackLetGo.add()
    const facts = { task: taskIdName(id), topic, partition: id.partition, offset }
    const level = this.#hasLetGo ? 'debug' : 'warn'
    this.#hasLetGo = true
    logger[level](`${full}: the order of a key is no longer kept behind this dead letter`, facts)
  }

  #store(name: string): KeyValueStore<Buffer, Buffer> {
    return this.#parts.state.store(name) as unknown as KeyValueStore<Buffer, Buffer>
  }
}
