import { isPromise, type MaybePromise } from '../../core/maybe-promise.ts'
import { Record } from '../../core/record.ts'
import type { Serde } from '../../serdes/serde.ts'
import type { Processor, ProcessorContext } from '../../topology/processor.ts'
import type { Mapper } from '../callbacks.ts'
import type { Change } from '../change.ts'
import { skipRecord } from '../processors/skipped.ts'
import { CurrentRecord } from '../record-context.ts'
import type { Askers } from './askers.ts'
import type { PseudoTopics } from './pseudo-topics.ts'
import { hasherIn, serializerIn, type Serializer } from './serializer.ts'
import { instruction, type Instruction, type Subscription } from './subscription.ts'

/** How rows subscribe. */
export interface SubscriptionSending<K, V, OtherK> {
  readonly on: Mapper<K, V, OtherK | null>
  readonly left: boolean
  readonly foreignKey: Serde<OtherK>
  readonly value: Serde<V>
  readonly topics: PseudoTopics
  readonly askers: Askers<K, V>
  /** Whether the table keeps history, so that some updates come behind newer ones. */
  isVersioned(): boolean
}

type Forward<K, OtherK> = ProcessorContext<OtherK | null, Subscription<K>>
type ForeignKey<OtherK> = OtherK | null

/**
 * Subscribes each row to what its foreign key names, and takes the subscription back where the key changes or goes.
 *
 * @remarks Source: Java's `SubscriptionSendProcessorSupplier`.
 */
export class SubscriptionSendProcessor<K, V, OtherK> implements Processor<
  K,
  Change<V>,
  ForeignKey<OtherK>,
  Subscription<K>
> {
  private readonly sending: SubscriptionSending<K, V, OtherK>
  private readonly isVersioned: boolean
  private readonly current = new CurrentRecord()
  private serializeKey!: Serializer<OtherK>
  private hash!: Serializer<V>

  constructor(sending: SubscriptionSending<K, V, OtherK>) {
    this.sending = sending
    this.isVersioned = sending.isVersioned()
  }

  async init(context: Forward<K, OtherK>): Promise<void> {
    const { foreignKey, value, topics } = this.sending
    const { applicationId } = context
    this.serializeKey = await serializerIn(context, foreignKey, topics.foreignKeyOf(applicationId))
    this.hash = await hasherIn(context, value, topics.hashedValueOf(applicationId))
    this.sending.askers.set(context.taskId, (row, record) => this.ask(row, record, context))
  }

  process(record: Record<K, Change<V>>, context: Forward<K, OtherK>): MaybePromise<void> {
    const { newValue, oldValue, isLatest } = record.value
    if (this.isVersioned && !isLatest) {
      skipRecord(context, 'a join of versioned tables takes no update behind a newer one')
      return
    }
    if (oldValue === null && newValue === null) return
    const before = this.keyOf(oldValue, record, context)
    if (isPromise(before)) return before.then((key) => this.withOld(record, context, key))
    return this.withOld(record, context, before)
  }

  private ask(
    row: V,
    record: Record<K, unknown>,
    context: Forward<K, OtherK>,
  ): MaybePromise<boolean> {
    const key = this.keyOf(row, record, context)
    if (isPromise(key)) return key.then((found) => this.askFor(found, row, record, context))
    return this.askFor(key, row, record, context)
  }

  private askFor(
    key: ForeignKey<OtherK>,
    row: V,
    record: Record<K, unknown>,
    context: Forward<K, OtherK>,
  ): MaybePromise<boolean> {
    if (key === null) return false
    const value: Subscription<K> = {
      hash: this.hash(row),
      instruction: instruction.answerAlways,
      primaryKey: record.key,
      primaryPartition: context.taskId.partition,
    }
    const sent = context.forward(new Record(key, value, record.timestampMs, record.headers))
    return isPromise(sent) ? sent.then(() => true) : true
  }

  private withOld(
    record: Record<K, Change<V>>,
    context: Forward<K, OtherK>,
    before: ForeignKey<OtherK>,
  ): MaybePromise<void> {
    const after = this.keyOf(record.value.newValue, record, context)
    if (isPromise(after)) return after.then((key) => this.send(record, context, before, key))
    return this.send(record, context, before, after)
  }

  private keyOf(
    value: V | null,
    record: Record<K, unknown>,
    context: Forward<K, OtherK>,
  ): MaybePromise<ForeignKey<OtherK>> {
    if (value === null) return null
    const key = this.sending.on(value, record.key, this.current.at(record, context))
    return isPromise(key) ? key.then((found) => found ?? null) : (key ?? null)
  }

  private send(
    record: Record<K, Change<V>>,
    context: Forward<K, OtherK>,
    before: ForeignKey<OtherK>,
    after: ForeignKey<OtherK>,
  ): MaybePromise<void> {
    const { newValue } = record.value
    const hash = newValue === null ? null : this.hash(newValue)
    let last: MaybePromise<void> = undefined
    const forward = (key: ForeignKey<OtherK>, what: Instruction): void => {
      const { taskId } = context
      const primaryPartition = taskId.partition
      const value = { hash, instruction: what, primaryKey: record.key, primaryPartition }
      // The context queues this behind the one before, where that one waits.
      last = context.forward(new Record(key, value, record.timestampMs, record.headers))
    }
    if (this.sending.left) this.sendLeft(before, after, forward)
    else this.sendInner(newValue, before, after, forward, context)
    return last
  }

  /** Every change is answered, that of a deletion or of a row without foreign key under no key at all. */
  private sendLeft(
    before: ForeignKey<OtherK>,
    after: ForeignKey<OtherK>,
    forward: (key: ForeignKey<OtherK>, what: Instruction) => void,
  ): void {
    // The new subscription may be kept by another task than the old one.
    if (before !== null && this.changed(before, after)) forward(before, instruction.deleteSilently)
    forward(after, instruction.answerAlways)
  }

  private sendInner(
    newValue: V | null,
    before: ForeignKey<OtherK>,
    after: ForeignKey<OtherK>,
    forward: (key: ForeignKey<OtherK>, what: Instruction) => void,
    context: Forward<K, OtherK>,
  ): void {
    if (after === null) {
      if (newValue !== null) skipRecord(context, 'a row has no foreign key to be joined by')
      if (before !== null) forward(before, instruction.deleteAndAnswer)
      return
    }
    // Where the foreign key is the same or new, nothing that was joined before has to be taken back.
    if (before === null || !this.changed(before, after)) {
      forward(after, instruction.answerIfPresent)
      return
    }
    forward(before, instruction.deleteSilently)
    forward(after, instruction.answerAlways)
  }

  private changed(before: OtherK, after: ForeignKey<OtherK>): boolean {
    return after === null || !this.serializeKey(before).equals(this.serializeKey(after))
  }
}
