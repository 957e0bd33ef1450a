import { isPromise, type MaybePromise } from '../../core/maybe-promise.ts'
import { Record } from '../../core/record.ts'
import type { ValueAndTimestamp } from '../../state/store.ts'
import type { Processor, ProcessorContext } from '../../topology/processor.ts'
import type { TableReader, TableView } from '../table-view.ts'
import { instruction, type Subscription, type SubscriptionResponse } from './subscription.ts'

type Forward<K, V> = ProcessorContext<K, SubscriptionResponse<V>>

/**
 * Answers a subscription, as it comes, with the row that its foreign key names.
 *
 * @remarks Source: Java's `SubscriptionJoinProcessorSupplier`.
 */
export class SubscriptionJoinProcessor<K, OtherK, OtherV> implements Processor<
  OtherK | null,
  Subscription<K>,
  K,
  SubscriptionResponse<OtherV>
> {
  private readonly view: TableView<OtherK, OtherV>
  private table!: TableReader<OtherK, OtherV>

  constructor(view: TableView<OtherK, OtherV>) {
    this.view = view
  }

  init(context: Forward<K, OtherV>): void {
    this.table = this.view.open(context)
  }

  prefetch(key: OtherK | null): void {
    if (key !== null) this.table.prefetch(key)
  }

  process(
    record: Record<OtherK | null, Subscription<K>>,
    context: Forward<K, OtherV>,
  ): MaybePromise<void> {
    if (record.value.instruction === instruction.deleteSilently) return
    if (record.key === null) return this.answer(record, context, undefined)
    const found = this.table.getWithTimestamp(record.key)
    if (isPromise(found)) return found.then((row) => this.answer(record, context, row))
    return this.answer(record, context, found)
  }

  close(): MaybePromise<void> {
    return this.table.close?.()
  }

  private answer(
    record: Record<OtherK | null, Subscription<K>>,
    context: Forward<K, OtherV>,
    row: ValueAndTimestamp<OtherV> | undefined,
  ): MaybePromise<void> {
    const { instruction: wanted, hash, primaryKey, primaryPartition } = record.value
    if (row === undefined && wanted === instruction.answerIfPresent) return
    const hidden = row === undefined || wanted === instruction.deleteAndAnswer
    const response = { hash, foreignValue: hidden ? null : row.value, primaryPartition }
    const timestampMs = Math.max(record.timestampMs, row?.timestampMs ?? -1)
    return context.forward(new Record(primaryKey, response, timestampMs, record.headers))
  }
}
