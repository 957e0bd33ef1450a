import type { MaybePromise } from '../../core/maybe-promise.ts'
import { Record } from '../../core/record.ts'
import type { Serde } from '../../serdes/serde.ts'
import type { KeyValueStore } from '../../state/store.ts'
import type { Processor, ProcessorContext } from '../../topology/processor.ts'
import type { Change } from '../change.ts'
import { skipRecord } from '../processors/skipped.ts'
import { walkEntries } from '../processors/walk-entries.ts'
import type { PseudoTopics } from './pseudo-topics.ts'
import { serializerIn, type Serializer } from './serializer.ts'
import { subscriptionPrefix } from './subscription-key-serde.ts'
import type { Subscription, SubscriptionKey, SubscriptionResponse } from './subscription.ts'

/** How a changed row finds those who subscribed to it. */
export interface ForeignTableJoin<OtherK> {
  readonly storeName: string
  readonly foreignKey: Serde<OtherK>
  readonly topics: PseudoTopics
  /** Whether the table keeps history, so that some updates come behind newer ones. */
  isVersioned(): boolean
}

/**
 * Answers all subscriptions to a row when it changes.
 *
 * @remarks Source: Java's `ForeignTableJoinProcessorSupplier`.
 */
export class ForeignTableJoinProcessor<K, OtherK, OtherV> implements Processor<
  OtherK,
  Change<OtherV>,
  K,
  SubscriptionResponse<OtherV>
> {
  private readonly join: ForeignTableJoin<OtherK>
  private readonly isVersioned: boolean
  private store!: KeyValueStore<SubscriptionKey<OtherK, K>, Subscription<K>>
  private serializeKey!: Serializer<OtherK>

  constructor(join: ForeignTableJoin<OtherK>) {
    this.join = join
    this.isVersioned = join.isVersioned()
  }

  async init(context: ProcessorContext<K, SubscriptionResponse<OtherV>>): Promise<void> {
    const { foreignKey, storeName, topics } = this.join
    this.store = context.store(storeName) as typeof this.store
    const target = topics.foreignKeyOf(context.applicationId)
    this.serializeKey = await serializerIn(context, foreignKey, target)
  }

  process(
    record: Record<OtherK, Change<OtherV>>,
    context: ProcessorContext<K, SubscriptionResponse<OtherV>>,
  ): MaybePromise<void> {
    if (record.key === null) {
      skipRecord(context, 'a join of tables takes no record without key')
      return
    }
    if (this.isVersioned && !record.value.isLatest) {
      skipRecord(context, 'a join of versioned tables takes no update behind a newer one')
      return
    }
    const foreignValue = record.value.newValue
    const prefix = subscriptionPrefix(this.serializeKey(record.key))
    return walkEntries(this.store.prefixScan(prefix), ({ key, value }) => {
      const response = { hash: value.hash, foreignValue, primaryPartition: value.primaryPartition }
      const { timestampMs, headers } = record
      return context.forward(new Record(key.primaryKey, response, timestampMs, headers))
    })
  }
}
