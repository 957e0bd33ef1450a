import {
  StreamsBuilder,
  type Processor,
  type ProcessorContext,
  type Record,
  type Topology,
} from 'millrace'
import { long, string } from 'millrace/serdes'
import { keyValueStore, type KeyValueStore, type KeyValueStoreSpec } from 'millrace/state'
import { daysBetween } from '../customer.ts'
import type { PurchaseRecorded, WinBackOffered } from '../generated/schemas.ts'
import { purchases, winBacks } from '../topics.ts'

/** A customer who bought nothing for so many days of event time counts as silent. */
export const silentDaysMin = 90

/** When each customer last bought, in milliseconds since the epoch. */
export const lastPurchases: KeyValueStoreSpec<string, number> = keyValueStore({
  name: 'last-purchases',
  key: string(),
  value: long({ as: 'number' }),
})

/** Forwards an offer when a customer buys after a long silence. */
class NoticeReturns implements Processor<string, PurchaseRecorded, string, WinBackOffered> {
  #store: KeyValueStore<string, number> | undefined

  init(context: ProcessorContext<string, WinBackOffered>): void {
    this.#store = context.store(lastPurchases)
  }

  prefetch(customerId: string): void {
    this.#store!.prefetch(customerId)
  }

  async process(
    record: Record<string, PurchaseRecorded>,
    context: ProcessorContext<string, WinBackOffered>,
  ): Promise<void> {
    const { customerId, purchasedAt } = record.value
    const lastPurchaseAt = await this.#store!.get(record.key)
    this.#store!.put(record.key, Math.max(purchasedAt, lastPurchaseAt ?? 0))
    if (lastPurchaseAt === undefined) return
    const silentDays = daysBetween(lastPurchaseAt, purchasedAt)
    if (silentDays < silentDaysMin) return
    const offer = { customerId, lastPurchaseAt, returnedAt: purchasedAt, silentDays }
    await context.forward(record.withValue(offer))
  }
}

const builder = new StreamsBuilder()
builder.addStateStore(lastPurchases)
builder
  .stream(purchases)
  .process(() => new NoticeReturns(), { name: 'notice-returns', stores: [lastPurchases] })
  .to(winBacks)

const topology: Topology = builder.build()
export default topology
