import { topic, type Topic } from 'millrace'
import { string, validated } from 'millrace/serdes'
import { avro } from 'millrace/serdes/avro'
import { LoyaltyPointsEarned, PurchaseRecorded, WinBackOffered } from './generated/schemas.ts'

/**
 * Every purchase of the shop, by customer. The producer knows this topic and nothing else; whoever wants to know of
 * purchases reads it in an application of its own.
 */
export const purchases: Topic<string, PurchaseRecorded> = topic('purchases', {
  key: string(),
  value: validated(avro(PurchaseRecorded), (purchase) => {
    if (purchase.units < 1) return { field: 'units', reason: `${purchase.units} is below one` }
    if (purchase.valueCents < 0n) return { field: 'valueCents', reason: 'is negative' }
    return undefined
  }),
})

/** Loyalty points, by customer. */
export const loyaltyPoints: Topic<string, LoyaltyPointsEarned> = topic('loyalty-points', {
  key: string(),
  value: avro(LoyaltyPointsEarned),
})

/** Customers who came back after a long silence: what marketing acts on. */
export const winBacks: Topic<string, WinBackOffered> = topic('win-back-offers', {
  key: string(),
  value: avro(WinBackOffered),
})

/**
 * The topics that have to be there before anything starts. The log's event times lie far back, so nothing may be
 * deleted for its age.
 */
export const topicsToCreate: readonly {
  readonly name: string
  readonly partitions: number
  readonly config: Readonly<Record<string, string>>
}[] = [purchases, loyaltyPoints, winBacks].map(({ name }) => ({
  name,
  partitions: 4,
  config: { 'retention.ms': '-1' },
}))
