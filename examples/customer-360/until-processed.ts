import { setTimeout as sleep } from 'node:timers/promises'
import type { Overview, Workers } from './dashboard/workers.ts'

/**
 * Waits until the totals include so many purchases.
 *
 * @throws Error where no more come in for a minute
 */
export async function untilProcessed(
  workers: Workers,
  purchases: number,
  onProgress: (processed: number) => void,
): Promise<Overview> {
  const patienceMs = 60_000
  let last = -1
  let lastAt = performance.now()
  for (;;) {
    const overview = await workers.overview()
    const processed = overview.totals.purchases
    onProgress(processed)
    if (processed >= purchases) return overview
    if (processed !== last) {
      last = processed
      lastAt = performance.now()
    } else if (performance.now() - lastAt > patienceMs) {
      throw new Error(`Processing stands at ${processed} of ${purchases} purchases`)
    }
    await sleep(100)
  }
}
