import type { MaybePromise } from '../../core/maybe-promise.ts'
import type { Record } from '../../core/record.ts'
import type { KeyValueStore } from '../../state/store.ts'
import type { Processor, ProcessorContext } from '../../topology/processor.ts'
import { skipRecord } from '../processors/skipped.ts'
import { instruction, type Subscription, type SubscriptionKey } from './subscription.ts'

/**
 * Keeps subscriptions by their foreign key, or deletes them, and hands them on.
 *
 * @remarks Source: Java's `SubscriptionReceiveProcessorSupplier`.
 */
export class SubscriptionReceiveProcessor<K, OtherK> implements Processor<
  OtherK | null,
  Subscription<K>,
  OtherK | null,
  Subscription<K>
> {
  private readonly storeName: string
  private store!: KeyValueStore<SubscriptionKey<OtherK, K>, Subscription<K>>

  constructor(storeName: string) {
    this.storeName = storeName
  }

  init(context: ProcessorContext<OtherK | null, Subscription<K>>): void {
    this.store = context.store(this.storeName) as typeof this.store
  }

  process(
    record: Record<OtherK | null, Subscription<K>>,
    context: ProcessorContext<OtherK | null, Subscription<K>>,
  ): MaybePromise<void> {
    const { key, value, timestampMs } = record
    const { instruction: wanted, primaryKey } = value
    if (key !== null) {
      const deletes =
        wanted === instruction.deleteSilently || wanted === instruction.deleteAndAnswer
      this.store.put({ foreignKey: key, primaryKey }, deletes ? null : value, timestampMs)
    } else if (wanted !== instruction.answerAlways) {
      // Rows without a foreign key ask for an answer only.
      skipRecord(context, 'a subscription has no foreign key')
      return
    }
    return context.forward(record)
  }
}
