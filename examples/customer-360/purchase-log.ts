import { readFileSync } from 'node:fs'

/** One line of the purchase log. */
export interface LoggedPurchase {
  /** `cdnow-` and the line number: identical lines are separate purchases, so the content cannot name them. */
  readonly purchaseId: string
  readonly customerId: string
  /** Midnight UTC of the day, in milliseconds since the epoch: the event time. */
  readonly purchasedAtMs: number
  readonly units: number
  readonly valueCents: bigint
}

/** Where the log lies beside this file. */
export const purchaseLogFile = new URL('./data/CDNOW_master.txt', import.meta.url)

const line = /^\s*(\d+)\s+(\d{4})(\d{2})(\d{2})\s+(\d+)\s+(\d+)\.(\d{2})\s*$/

/** All purchases in the order of the file: by customer, then date. Throws where a line is not of the log's form. */
export function readPurchaseLog(file: URL | string = purchaseLogFile): LoggedPurchase[] {
  const lines = readFileSync(file, 'utf8').split('\n').slice(1)
  return lines.filter((text) => text.trim() !== '').map(parseLine)
}

/** The purchases in the order in which the shop saw them: by day, and as in the file within a day. */
export function inEventOrder(purchases: readonly LoggedPurchase[]): LoggedPurchase[] {
  return [...purchases].sort((a, b) => a.purchasedAtMs - b.purchasedAtMs)
}

function parseLine(text: string, index: number): LoggedPurchase {
  const parts = line.exec(text)
  if (!parts) throw new Error(`line ${index + 2} of the purchase log is no purchase: ${text}`)
  const [, customerId, year, month, day, units, dollars, cents] = parts
  return {
    purchaseId: `cdnow-${String(index + 1).padStart(6, '0')}`,
    customerId: customerId!,
    purchasedAtMs: Date.UTC(Number(year), Number(month) - 1, Number(day)),
    units: Number(units),
    // Dollars and cents are read apart: 11.77 has no exact binary form.
    valueCents: BigInt(dollars!) * 100n + BigInt(cents!),
  }
}
