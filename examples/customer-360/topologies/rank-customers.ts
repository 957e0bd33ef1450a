import type { Processor, ProcessorContext, Record } from 'millrace'
import type { KeyValueStore, KeyValueStoreSpec } from 'millrace/state'
import type { CustomerSummary, TopCustomers } from '../generated/schemas.ts'

const rankedCustomers = 10
const listKey = 'top'

/** Keeps the customers of the partition who spent most, in one entry of a store. */
export class RankCustomers implements Processor<string, CustomerSummary> {
  readonly #ref: KeyValueStoreSpec<string, TopCustomers>
  #store: KeyValueStore<string, TopCustomers> | undefined

  constructor(ref: KeyValueStoreSpec<string, TopCustomers>) {
    this.#ref = ref
  }

  init(context: ProcessorContext<never, never>): void {
    this.#store = context.store(this.#ref)
  }

  prefetch(): void {
    this.#store!.prefetch(listKey)
  }

  async process({ value: summary }: Record<string, CustomerSummary>): Promise<void> {
    const { customers } = (await this.#store!.get(listKey)) ?? { customers: [] }
    const last = customers.at(-1)
    if (customers.length === rankedCustomers && last && summary.valueCents < last.valueCents) return
    const others = customers.filter((each) => each.customerId !== summary.customerId)
    const ranked = [...others, summary].sort((a, b) => Number(b.valueCents - a.valueCents))
    this.#store!.put(listKey, { customers: ranked.slice(0, rankedCustomers) })
  }
}
