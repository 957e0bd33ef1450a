import { StreamsBuilder, type KTable, type Topology } from 'millrace'
import { string } from 'millrace/serdes'
import { avro } from 'millrace/serdes/avro'
import { PurchaseRecorded, UnitsSold } from '../generated/schemas.ts'
import { purchases } from '../topics.ts'

const builder = new StreamsBuilder()

/** What was sold in each calendar month. Purchases are keyed by customer, so they go through a repartition topic. */
export const unitsSold: KTable<string, UnitsSold> = builder
  .stream(purchases)
  .groupBy((purchase) => new Date(purchase.purchasedAt).toISOString().slice(0, 7), {
    name: 'by-month',
    key: string(),
    value: avro(PurchaseRecorded),
  })
  .aggregate(
    () => ({ month: '', purchases: 0n, units: 0n, valueCents: 0n }),
    (sold, purchase, month) => ({
      month,
      purchases: sold.purchases + 1n,
      units: sold.units + BigInt(purchase.units),
      valueCents: sold.valueCents + purchase.valueCents,
    }),
    { store: 'units-sold', value: avro(UnitsSold) },
  )

const topology: Topology = builder.build()
export default topology
