import type { BrokerConnector } from './broker/connector.ts'
import type { Broker, Producer } from './broker/port.ts'
import { systemClock, type Clock } from './core/clock.ts'
import type { AsyncCloseable } from './core/disposable.ts'
import { UnknownTopicError } from './core/errors.ts'
import { noHeaders, type Headers } from './core/headers.ts'
import { silentLogger, type Logger } from './core/logger.ts'
import { partitionForKey } from './core/murmur2.ts'
import { systemRandom } from './core/random.ts'
import type { SchemaRegistry } from './serdes/schema-registry.ts'
import { bindSerde, type Serde } from './serdes/serde.ts'
import type { Topic } from './topology/topic.ts'

/** What a {@link TopicProducer} writes to, and with. */
export interface TopicProducerOptions {
  readonly broker: BrokerConnector
  /** Needed by Avro serdes. */
  readonly schemaRegistry?: SchemaRegistry
  readonly clientId?: string
  /** Default: none. */
  readonly logger?: Logger
  /** Default: the machine's clock. */
  readonly clock?: Clock
}

/** A record to be written. */
export interface ProducedRecord<K, V> {
  readonly key: K | null
  /** Null is a tombstone. */
  readonly value: V | null
  /** Event time in milliseconds since the epoch. Default: now. */
  readonly timestampMs?: number
  readonly headers?: Headers
  /** Default: by key as Kafka's own clients choose, by turns where there is none. */
  readonly partition?: number
}

/**
 * Writes records to a topic with the topic's own serdes: at least once, in order for each partition.
 *
 * For programs that feed a topology: importers, tests, demonstrations. Any Kafka client does as well.
 */
export class TopicProducer<K, V> implements AsyncCloseable {
  readonly #topic: Topic<K, V>
  readonly #key: Serde<K>
  readonly #value: Serde<V>
  readonly #partitions: number
  readonly #broker: Broker
  readonly #producer: Producer
  readonly #clock: Clock
  #turn = 0

  private constructor(parts: {
    readonly topic: Topic<K, V>
    readonly key: Serde<K>
    readonly value: Serde<V>
    readonly partitions: number
    readonly broker: Broker
    readonly producer: Producer
    readonly clock: Clock
  }) {
    this.#topic = parts.topic
    this.#key = parts.key
    this.#value = parts.value
    this.#partitions = parts.partitions
    this.#broker = parts.broker
    this.#producer = parts.producer
    this.#clock = parts.clock
  }

  /**
   * Connects, and registers the topic's schemas where it has any.
   *
   * @throws BrokerUnavailableError, SchemaRegistryError, SchemaIncompatibleError; UnknownTopicError where the topic does
   * not exist
   */
  static async open<K, V>(
    topic: Topic<K, V>,
    options: TopicProducerOptions,
  ): Promise<TopicProducer<K, V>> {
    const { schemaRegistry, clientId = 'millrace-producer' } = options
    const { logger = silentLogger, clock = systemClock } = options
    const environment = schemaRegistry ? { schemaRegistry } : {}
    const key = bindSerde(topic.key, environment)
    const value = bindSerde(topic.value, environment)
    await key.prepare?.({ topic: topic.name, part: 'key' })
    await value.prepare?.({ topic: topic.name, part: 'value' })
    const broker = options.broker.open({ clock, random: systemRandom, logger, clientId })
    try {
      const found = (await broker.describeTopics([topic.name])).get(topic.name)
      if (!found) throw new UnknownTopicError(`There is no topic ${topic.name}; create it first`)
      const producer = await broker.openProducer({})
      await producer.prepare([topic.name])
      const { partitions } = found
      return new TopicProducer({ topic, key, value, partitions, broker, producer, clock })
    } catch (error) {
      await broker.close()
      throw error
    }
  }

  /**
   * Takes a record. It is sent soon; {@link flush} says when it is safe. Awaiting the result keeps what waits to be sent
   * within bounds.
   *
   * @throws SerializationError, ProductionError where this record cannot be written
   */
  async send(record: ProducedRecord<K, V>): Promise<void> {
    const { name } = this.#topic
    const key =
      record.key === null ? null : this.#key.serialize(record.key, { topic: name, part: 'key' })
    const value =
      record.value === null
        ? null
        : this.#value.serialize(record.value, { topic: name, part: 'value' })
    this.sendRaw({ ...record, key, value })
    await this.#producer.ready()
  }

  /** Takes a record that is bytes already. */
  sendRaw(record: ProducedRecord<Buffer, Buffer>): void {
    this.#producer.send(
      this.#topic.name,
      record.partition ?? this.#choosePartition(record.key),
      record.timestampMs ?? this.#clock.now(),
      record.key,
      record.value,
      record.headers ?? noHeaders,
    )
  }

  /** Resolves when every record taken so far is acknowledged. */
  async flush(): Promise<void> {
    await this.#producer.flush()
  }

  /** Flushes and disconnects. */
  async close(): Promise<void> {
    await this.#producer.close()
    await this.#broker.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #choosePartition(key: Buffer | null): number {
    if (key !== null) return partitionForKey(key, this.#partitions)
    return this.#turn++ % this.#partitions
  }
}
