import type { Headers } from '../core/headers.ts'
import type { MaybePromise } from '../core/maybe-promise.ts'
import type { Topic } from '../topology/topic.ts'

/** A record to be piped into a topology. */
export interface TestInputRecord<K, V> {
  /** @defaultValue null */
  readonly key?: K | null
  /** Null is a tombstone. */
  readonly value: V | null
  /**
   * Event time in milliseconds since the epoch.
   *
   * @defaultValue the topic's own time, see {@link TestInputOptions}
   */
  readonly timestampMs?: number
  readonly headers?: Headers
}

/** The times of records that are piped without one. */
export interface TestInputOptions {
  /**
   * The event time of the first.
   *
   * @defaultValue the driver's wall-clock time at each record
   */
  readonly startMs?: number
  /**
   * How much later each is than the one before.
   *
   * @defaultValue 0
   */
  readonly autoAdvanceMs?: number
}

/** What an input topic hands to its driver. */
export interface TestInputPort {
  nowMs(): number
  pipe(
    topic: Topic<unknown, unknown>,
    record: TestInputRecord<unknown, unknown> & { readonly timestampMs: number },
  ): MaybePromise<void>
}

/**
 * Puts records into a topic of a {@link TopologyTestDriver}. What comes of a record is there when the call returns, or
 * when the promise that it returns is resolved, where the topology has something to wait for.
 *
 * @remarks Source: Java's `TestInputTopic`.
 */
export class TestInputTopic<K, V> {
  readonly name: string
  readonly #topic: Topic<K, V>
  readonly #port: TestInputPort
  readonly #autoAdvanceMs: number
  #nextMs: number | undefined

  /** @internal Made by {@link TopologyTestDriver.input}. */
  constructor(topic: Topic<K, V>, port: TestInputPort, options: TestInputOptions) {
    this.name = topic.name
    this.#topic = topic
    this.#port = port
    this.#autoAdvanceMs = options.autoAdvanceMs ?? 0
    this.#nextMs = options.startMs
  }

  /** Processes one record. Throws, or rejects with, what the error handlers let through. */
  pipe(record: TestInputRecord<K, V>): MaybePromise<void> {
    const timestampMs = record.timestampMs ?? this.#takeTime()
    return this.#port.pipe(this.#topic as unknown as Topic<unknown, unknown>, {
      ...record,
      timestampMs,
    })
  }

  /** Processes records one after the other. */
  pipeAll(records: Iterable<TestInputRecord<K, V>>): MaybePromise<void> {
    let last: MaybePromise<void> = undefined
    for (const record of records) last = this.#follow(last, this.pipe(record))
    return last
  }

  /** Processes a value without a key. */
  pipeValue(value: V | null, timestampMs?: number): MaybePromise<void> {
    return this.pipe({ value, ...(timestampMs === undefined ? {} : { timestampMs }) })
  }

  /** Processes values without keys one after the other. */
  pipeValues(values: Iterable<V | null>): MaybePromise<void> {
    return this.pipeAll([...values].map((value) => ({ value })))
  }

  /** Processes keys with their values one after the other. */
  pipeKeyValues(pairs: Iterable<readonly [K, V | null]>): MaybePromise<void> {
    return this.pipeAll([...pairs].map(([key, value]) => ({ key, value })))
  }

  /** Makes the next record that has no time of its own so much later. */
  advanceTime(ms: number): void {
    this.#nextMs = (this.#nextMs ?? this.#port.nowMs()) + ms
  }

  /** The driver queues what is piped while it waits, so the last promise stands for all, but each may fail. */
  #follow(before: MaybePromise<void>, next: MaybePromise<void>): MaybePromise<void> {
    if (before === undefined) return next
    return next === undefined ? before : Promise.all([before, next]).then(() => {})
  }

  #takeTime(): number {
    const timestampMs = this.#nextMs ?? this.#port.nowMs()
    if (this.#nextMs !== undefined || this.#autoAdvanceMs > 0) {
      this.#nextMs = timestampMs + this.#autoAdvanceMs
    }
    return timestampMs
  }
}
