import type { Workers } from './dashboard/workers.ts'
import type { PurchasePublisher } from './publisher.ts'
import { inEventOrder, readPurchaseLog } from './purchase-log.ts'
import { ProgressBar, report } from './report.ts'
import { untilProcessed } from './until-processed.ts'

/** Publishes the recorded purchases, shows how far they are processed, and in the end what came of them. */
export async function playPurchases({
  workers,
  publisher,
}: {
  readonly workers: Workers
  readonly publisher: PurchasePublisher
}): Promise<void> {
  const log = inEventOrder(readPurchaseLog())
  const bar = new ProgressBar(log.length)
  const publishing = publisher.publishAll(log)
  const overview = await untilProcessed(workers, log.length, (processed) =>
    bar.draw(processed, 'purchases processed'),
  )
  await publishing
  bar.end('purchases processed')
  console.log(report(overview))
}

/** Lets the dashboard stay up until the demo is told to stop. */
export function stopAtSignal(url: string, stop: () => Promise<void>): void {
  console.log(`\nThe dashboard stays up at ${url} until you stop it with Ctrl+C.`)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stop())
}
