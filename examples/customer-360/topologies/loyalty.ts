import { StreamsBuilder, type KTable, type Topology } from 'millrace'
import { avro } from 'millrace/serdes/avro'
import { tierFor } from '../customer.ts'
import { LoyaltyPointsEarned, type PurchaseRecorded } from '../generated/schemas.ts'
import { loyaltyPoints, purchases } from '../topics.ts'

const centsPerPoint = 100n

const builder = new StreamsBuilder()

/** The last points each customer earned, with the sum of all and the tier that it gives. */
export const loyalty: KTable<string, LoyaltyPointsEarned> = builder
  .stream(purchases)
  .groupByKey()
  .aggregate(noPoints, earnPoints, { store: 'loyalty', value: avro(LoyaltyPointsEarned) })

loyalty.toStream().to(loyaltyPoints)

const topology: Topology = builder.build()
export default topology

function noPoints(): LoyaltyPointsEarned {
  return {
    customerId: '',
    purchaseId: '',
    earnedAt: 0,
    points: 0n,
    totalPoints: 0n,
    tier: 'BRONZE',
  }
}

/** A point for each whole dollar of a purchase. */
function earnPoints(before: LoyaltyPointsEarned, purchase: PurchaseRecorded): LoyaltyPointsEarned {
  const points = purchase.valueCents / centsPerPoint
  const totalPoints = before.totalPoints + points
  return {
    customerId: purchase.customerId,
    purchaseId: purchase.purchaseId,
    earnedAt: purchase.purchasedAt,
    points,
    totalPoints,
    tier: tierFor(totalPoints * centsPerPoint),
  }
}
