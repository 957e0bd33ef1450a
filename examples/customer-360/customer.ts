/** Tiers of the loyalty programme, by what a customer has spent. */
export type Tier = 'BRONZE' | 'SILVER' | 'GOLD' | 'PLATINUM'

const dayMs = 86_400_000

/** The tier that this spending, in cents, has earned. */
export function tierFor(valueCents: bigint): Tier {
  if (valueCents >= 100_000n) return 'PLATINUM'
  if (valueCents >= 25_000n) return 'GOLD'
  if (valueCents >= 5_000n) return 'SILVER'
  return 'BRONZE'
}

/** Cents for each purchase, rounded half up; 0 where there is none. */
export function averageBasketCents(valueCents: bigint, purchases: number): bigint {
  if (purchases === 0) return 0n
  const count = BigInt(purchases)
  return (2n * valueCents + count) / (2n * count)
}

/** Whole days of silence between a customer's last purchase and another moment. */
export function daysBetween(earlierMs: number, laterMs: number): number {
  return Math.floor((laterMs - earlierMs) / dayMs)
}
