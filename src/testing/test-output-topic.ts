import { LifecycleError } from '../core/errors.ts'
import type { Headers } from '../core/headers.ts'
import type { Topic } from '../topology/topic.ts'

/** A record that a topology wrote. */
export interface TestOutputRecord<K, V> {
  readonly key: K | null
  readonly value: V | null
  readonly timestampMs: number
  readonly headers: Headers
}

/** Where an output topic gets its records from. */
export interface TestOutputPort {
  unread(topic: string): number
  read<K, V>(topic: Topic<K, V>): TestOutputRecord<K, V> | undefined
}

/**
 * Reads what a topology wrote to a topic, each record once, in order. Two readers of one topic share it.
 *
 * @remarks Source: Java's `TestOutputTopic`.
 */
export class TestOutputTopic<K, V> {
  readonly name: string
  readonly #topic: Topic<K, V>
  readonly #port: TestOutputPort

  /** @internal Made by {@link TopologyTestDriver.output}. */
  constructor(topic: Topic<K, V>, port: TestOutputPort) {
    this.name = topic.name
    this.#topic = topic
    this.#port = port
  }

  /** How many records are there to be read. */
  get size(): number {
    return this.#port.unread(this.name)
  }

  isEmpty(): boolean {
    return this.size === 0
  }

  /** The next record. Throws `LifecycleError` where there is none. */
  read(): TestOutputRecord<K, V> {
    const record = this.#port.read(this.#topic)
    if (record) return record
    throw new LifecycleError(
      `The topology has written nothing more to ${this.name}; ask isEmpty() first where that may be.`,
    )
  }

  /** The next record's value. Throws `LifecycleError` where there is none. */
  readValue(): V | null {
    return this.read().value
  }

  /** The next record's key and value. Throws `LifecycleError` where there is none. */
  readKeyValue(): [K | null, V | null] {
    const { key, value } = this.read()
    return [key, value]
  }

  /** All records that are there. */
  readRecords(): TestOutputRecord<K, V>[] {
    const records: TestOutputRecord<K, V>[] = []
    while (!this.isEmpty()) records.push(this.read())
    return records
  }

  readValues(): (V | null)[] {
    return this.readRecords().map(({ value }) => value)
  }

  readKeyValues(): [K | null, V | null][] {
    return this.readRecords().map(({ key, value }) => [key, value])
  }

  /** The last value of each key. */
  readKeyValuesToMap(): Map<K | null, V | null> {
    return new Map(this.readKeyValues())
  }
}
