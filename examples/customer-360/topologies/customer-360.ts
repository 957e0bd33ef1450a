import { StreamsBuilder, type KTable, type Topology } from 'millrace'
import { string } from 'millrace/serdes'
import { avro } from 'millrace/serdes/avro'
import { keyValueStore, type KeyValueStoreSpec } from 'millrace/state'
import { tierFor } from '../customer.ts'
import {
  CustomerSummary,
  ShopTotals,
  TopCustomers,
  type PurchaseRecorded,
} from '../generated/schemas.ts'
import { purchases } from '../topics.ts'
import { RankCustomers } from './rank-customers.ts'

const builder = new StreamsBuilder()

/** The Customer 360 view: one row a customer. */
export const customerSummary: KTable<string, CustomerSummary> = builder
  .stream(purchases)
  .groupByKey()
  .aggregate(nobody, addPurchase, { store: 'customer-summary', value: avro(CustomerSummary) })

/** The totals of the shop: one row, from which a customer's old row is taken out when the new one is put in. */
export const shopTotals: KTable<string, ShopTotals> = customerSummary
  .groupBy((summary) => ({ key: 'all', value: summary }), {
    name: 'all-customers',
    key: string(),
    value: avro(CustomerSummary),
  })
  .aggregate(
    () => ({ customers: 0, purchases: 0, units: 0n, valueCents: 0n }),
    (totals, summary) => addSummary(totals, summary, 1),
    (totals, summary) => addSummary(totals, summary, -1),
    { store: 'shop-totals', value: avro(ShopTotals) },
  )

/** The customers who spent most, a list for each partition; whoever reads them puts the partitions together. */
export const topCustomers: KeyValueStoreSpec<string, TopCustomers> = keyValueStore({
  name: 'top-customers',
  key: string(),
  value: avro(TopCustomers),
})

builder.addStateStore(topCustomers)
customerSummary.toStream().process(() => new RankCustomers(topCustomers), {
  name: 'rank-customers',
  stores: [topCustomers],
})

const topology: Topology = builder.build()
export default topology

function nobody(): CustomerSummary {
  return {
    customerId: '',
    firstPurchaseAt: Number.MAX_SAFE_INTEGER,
    lastPurchaseAt: 0,
    purchases: 0,
    units: 0n,
    valueCents: 0n,
    largestValueCents: 0n,
    tier: 'BRONZE',
  }
}

function addPurchase(summary: CustomerSummary, purchase: PurchaseRecorded): CustomerSummary {
  const valueCents = summary.valueCents + purchase.valueCents
  const isLargest = purchase.valueCents > summary.largestValueCents
  return {
    customerId: purchase.customerId,
    firstPurchaseAt: Math.min(summary.firstPurchaseAt, purchase.purchasedAt),
    lastPurchaseAt: Math.max(summary.lastPurchaseAt, purchase.purchasedAt),
    purchases: summary.purchases + 1,
    units: summary.units + BigInt(purchase.units),
    valueCents,
    largestValueCents: isLargest ? purchase.valueCents : summary.largestValueCents,
    tier: tierFor(valueCents),
  }
}

function addSummary(totals: ShopTotals, summary: CustomerSummary, sign: 1 | -1): ShopTotals {
  return {
    customers: totals.customers + sign,
    purchases: totals.purchases + sign * summary.purchases,
    units: totals.units + BigInt(sign) * summary.units,
    valueCents: totals.valueCents + BigInt(sign) * summary.valueCents,
  }
}
