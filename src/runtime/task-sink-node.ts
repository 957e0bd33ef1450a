import { unpacked, type PackedBytes } from '../core/byte-text.ts'
import { messageOf, ProductionError } from '../core/errors.ts'
import { isPromise, type MaybePromise } from '../core/maybe-promise.ts'
import { partitionForKey } from '../core/murmur2.ts'
import { taskIdName } from '../core/task-id.ts'
import { bindSerde, type Serde, type SerdeContext, type SerdeEnvironment } from '../serdes/serde.ts'
import type { SinkNode, StreamPartitioner } from '../topology/topology-plan.ts'
import type { FailureRouter } from './failure-router.ts'
import type { AnyRecord, GraphNode } from './graph-node.ts'
import type { RecordCollector } from './record-collector.ts'
import type { TaskScope } from './task-scope.ts'

/** A topic that a sink writes to. */
interface Target {
  readonly topic: string
  readonly keyContext: SerdeContext
  readonly valueContext: SerdeContext
}

/** What a sink needs beyond what all nodes share. */
export interface SinkServices {
  readonly environment: SerdeEnvironment
  /** The name of a topic on the broker. */
  brokerName(logicalName: string): string
}

/** Serializes records and hands them to the collector, with their own time and headers. */
export class TaskSinkNode implements GraphNode {
  readonly name: string
  readonly #scope: TaskScope
  readonly #collector: RecordCollector
  readonly #failures: FailureRouter
  readonly #services: SinkServices
  readonly #key: Serde<unknown>
  readonly #value: Serde<unknown>
  readonly #partitioner: StreamPartitioner | undefined
  readonly #choose: Exclude<SinkNode['topic'], string> | undefined
  readonly #fixed: Target | undefined
  /** The topics that a chooser has chosen so far and that were made usable. */
  readonly #prepared = new Map<string, Target>()

  constructor(node: SinkNode, scope: TaskScope, failures: FailureRouter, services: SinkServices) {
    this.name = node.name
    this.#scope = scope
    this.#collector = scope.collector
    this.#failures = failures
    this.#services = services
    this.#key = bindSerde(node.key, services.environment)
    this.#value = bindSerde(node.value, services.environment)
    this.#partitioner = node.partitioner
    if (typeof node.topic === 'string') this.#fixed = target(services.brokerName(node.topic))
    else this.#choose = node.topic
  }

  /** The topic on the broker; undefined where it is chosen by record. */
  get topic(): string | undefined {
    return this.#fixed?.topic
  }

  /** Makes writing possible, where it is known what is written to. */
  async prepare(): Promise<void> {
    if (this.#fixed) await this.#prepareSerdes(this.#fixed)
  }

  process(record: AnyRecord): MaybePromise<void> {
    if (this.#fixed === undefined) return this.#processDynamic(record)
    try {
      this.#write(this.#fixed, record)
    } catch (error) {
      return this.#failed(this.#fixed.topic, error)
    }
    return undefined
  }

  #processDynamic(record: AnyRecord): MaybePromise<void> {
    let topic: string | undefined
    try {
      topic = this.#services.brokerName(this.#choose!(record.key, record.value, record))
      const prepared = this.#prepared.get(topic)
      if (!prepared) return this.#prepareThenWrite(topic, record)
      this.#write(prepared, record)
    } catch (error) {
      return this.#failed(topic, error)
    }
    return undefined
  }

  #prepareThenWrite(topic: string, record: AnyRecord): MaybePromise<void> {
    const prepared = target(topic)
    const finish = (): MaybePromise<void> => {
      this.#prepared.set(topic, prepared)
      try {
        this.#write(prepared, record)
      } catch (error) {
        return this.#failed(topic, error)
      }
      return undefined
    }
    const pending = this.#collector.prepare([topic])
    if (!isPromise(pending) && !this.#key.prepare && !this.#value.prepare) return finish()
    return this.#prepareLater(pending, prepared, finish)
  }

  async #prepareLater(
    pending: MaybePromise<void>,
    prepared: Target,
    finish: () => MaybePromise<void>,
  ): Promise<void> {
    try {
      await pending
      await this.#prepareSerdes(prepared)
    } catch (error) {
      await this.#failed(prepared.topic, error)
      return
    }
    await finish()
  }

  async #prepareSerdes(prepared: Target): Promise<void> {
    await this.#key.prepare?.(prepared.keyContext)
    await this.#value.prepare?.(prepared.valueContext)
  }

  #write(to: Target, record: AnyRecord): void {
    const { key, value } = record
    const text = this.#collector.takesText === true
    const keyBytes =
      key === null || key === undefined
        ? null
        : text && this.#key.partitioningBytes === undefined
          ? serializedText(this.#key, key, to.keyContext)
          : this.#key.serialize(key, to.keyContext)
    const valueBytes =
      value === null || value === undefined
        ? null
        : text
          ? (this.#written(value) ?? serializedText(this.#value, value, to.valueContext))
          : this.#value.serialize(value, to.valueContext)
    const chosen = this.#partitioner && this.#choosePartitions(to, record)
    if (chosen === undefined) {
      this.#send(to, this.#partitionOfKey(to, keyBytes), keyBytes, valueBytes, record)
    } else if (typeof chosen === 'number') {
      this.#send(to, chosen, keyBytes, valueBytes, record)
    } else {
      if (chosen.size === 0) this.#dropUnwanted(to)
      for (const partition of chosen) this.#send(to, partition, keyBytes, valueBytes, record)
    }
  }

  /** The bytes of a value that was just written to a store with the same serde. */
  #written(value: unknown): PackedBytes | undefined {
    const { lastWrite } = this.#scope.storeClock
    if (lastWrite === undefined) return undefined
    // A chooser of topics has seen the value already, and a partitioner sees it next.
    if (this.#fixed === undefined || this.#partitioner !== undefined) lastWrite.forget()
    return lastWrite.bytesOf(this.#value, value)
  }

  #send(
    { topic }: Target,
    partition: number | undefined,
    key: PackedBytes | null,
    value: PackedBytes | null,
    { timestampMs, headers }: AnyRecord,
  ): void {
    const { undo } = this.#scope
    if (undo?.isOpen) {
      void undo.later(() => {
        try {
          this.#collector.send(topic, partition, timestampMs, key, value, headers)
        } catch (error) {
          return this.#failed(topic, error)
        }
      })
      return
    }
    this.#collector.send(topic, partition, timestampMs, key, value, headers)
  }

  /** Undefined: the collector goes by all of the key. */
  #partitionOfKey(to: Target, key: PackedBytes | null): number | undefined {
    if (this.#key.partitioningBytes === undefined || key === null) return undefined
    const bytes = this.#key.partitioningBytes(unpacked(key))
    return partitionForKey(bytes, this.#collector.partitions(to.topic))
  }

  #choosePartitions(to: Target, record: AnyRecord): number | ReadonlySet<number> | undefined {
    const partitions = this.#collector.partitions(to.topic)
    const chosen = this.#partitioner!(to.topic, record.key, record.value, partitions)
    if (chosen === undefined) return undefined
    const each = typeof chosen === 'number' ? [chosen] : chosen
    for (const partition of each) {
      if (Number.isInteger(partition) && partition >= 0 && partition < partitions) continue
      throw new ProductionError(
        `the partitioner chose partition ${partition}, but the topic has partitions 0 to ${partitions - 1}`,
      )
    }
    return typeof chosen === 'number' ? chosen : new Set(chosen)
  }

  #dropUnwanted({ topic }: Target): void {
    const { dropped, logger, id, input } = this.#scope
    dropped.skipped.add()
    logger.warn(
      `The partitioner of the sink ${this.name} chose no partition: a record is dropped`,
      {
        task: taskIdName(id),
        to: topic,
        ...(input && { topic: input.topic, partition: input.partition, offset: input.offset }),
      },
    )
  }

  #failed(topic: string | undefined, error: unknown): MaybePromise<void> {
    return this.#failures.handle('production', this.name, error, (thrown) => {
      const where = topic === undefined ? 'its topic, which could not be chosen' : `topic ${topic}`
      return new ProductionError(
        `The sink ${this.name} cannot write a record to ${where}: ${messageOf(thrown)}`,
        this.#failures.place(thrown),
      )
    })
  }
}

function serializedText(serde: Serde<unknown>, value: unknown, context: SerdeContext): PackedBytes {
  return serde.serializeText === undefined
    ? serde.serialize(value, context)
    : serde.serializeText(value, context)
}

function target(topic: string): Target {
  return { topic, keyContext: { topic, part: 'key' }, valueContext: { topic, part: 'value' } }
}
