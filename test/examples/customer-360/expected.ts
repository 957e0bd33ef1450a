import { daysBetween, tierFor } from '../../../examples/customer-360/customer.ts'
import type {
  CustomerSummary,
  ShopTotals,
  UnitsSold,
  WinBackOffered,
} from '../../../examples/customer-360/generated/schemas.ts'
import type { LoggedPurchase } from '../../../examples/customer-360/purchase-log.ts'

/** The Customer 360 view by plain loops over the log. */
export function expectedSummaries(log: readonly LoggedPurchase[]): Map<string, CustomerSummary> {
  const summaries = new Map<string, CustomerSummary>()
  for (const { customerId, purchasedAtMs, units, valueCents } of log) {
    const before = summaries.get(customerId)
    const sum = (before?.valueCents ?? 0n) + valueCents
    const largest = before?.largestValueCents ?? 0n
    summaries.set(customerId, {
      customerId,
      firstPurchaseAt: Math.min(before?.firstPurchaseAt ?? Infinity, purchasedAtMs),
      lastPurchaseAt: Math.max(before?.lastPurchaseAt ?? 0, purchasedAtMs),
      purchases: (before?.purchases ?? 0) + 1,
      units: (before?.units ?? 0n) + BigInt(units),
      valueCents: sum,
      largestValueCents: valueCents > largest ? valueCents : largest,
      tier: tierFor(sum),
    })
  }
  return summaries
}

/** All customers together. */
export function expectedTotals(log: readonly LoggedPurchase[]): ShopTotals {
  let units = 0n
  let valueCents = 0n
  for (const purchase of log) {
    units += BigInt(purchase.units)
    valueCents += purchase.valueCents
  }
  const customers = new Set(log.map((purchase) => purchase.customerId)).size
  return { customers, purchases: log.length, units, valueCents }
}

/** What was sold in each calendar month. */
export function expectedMonths(log: readonly LoggedPurchase[]): Map<string, UnitsSold> {
  const months = new Map<string, UnitsSold>()
  for (const { purchasedAtMs, units, valueCents } of log) {
    const month = new Date(purchasedAtMs).toISOString().slice(0, 7)
    const before = months.get(month)
    months.set(month, {
      month,
      purchases: (before?.purchases ?? 0n) + 1n,
      units: (before?.units ?? 0n) + BigInt(units),
      valueCents: (before?.valueCents ?? 0n) + valueCents,
    })
  }
  return months
}

/** Points of each customer: whole dollars, purchase by purchase. */
export function expectedPoints(log: readonly LoggedPurchase[]): Map<string, bigint> {
  const points = new Map<string, bigint>()
  for (const { customerId, valueCents } of log) {
    points.set(customerId, (points.get(customerId) ?? 0n) + valueCents / 100n)
  }
  return points
}

/** Customers who bought after 90 silent days; `log` is in event order. */
export function expectedWinBacks(log: readonly LoggedPurchase[]): WinBackOffered[] {
  const last = new Map<string, number>()
  const offers: WinBackOffered[] = []
  for (const { customerId, purchasedAtMs } of log) {
    const lastPurchaseAt = last.get(customerId)
    last.set(customerId, purchasedAtMs)
    if (lastPurchaseAt === undefined) continue
    const silentDays = daysBetween(lastPurchaseAt, purchasedAtMs)
    if (silentDays >= 90) {
      offers.push({ customerId, lastPurchaseAt, returnedAt: purchasedAtMs, silentDays })
    }
  }
  return offers
}
