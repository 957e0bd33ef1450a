import type { FlushWaiter, PendingBatch } from './pending-batch.ts'

/** Resolves once all these batches are acknowledged; `onCreated` gets the function that rejects it. */
export function acknowledgementOf(
  batches: Iterable<PendingBatch>,
  onCreated: (reject: (reason: Error) => void) => () => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const forget = onCreated(reject)
    const waiter: FlushWaiter = {
      remaining: 1,
      done: () => {
        waiter.remaining--
        if (waiter.remaining > 0) return
        forget()
        resolve()
      },
    }
    for (const batch of batches) {
      waiter.remaining++
      batch.waiters.push(waiter)
    }
    // The one counted from the beginning, so that a flush of nothing resolves too.
    waiter.done()
  })
}
