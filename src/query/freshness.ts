import type { StoreView } from '../runtime/worker-status.ts'

/** How fresh an answer is; every answer says it. */
export interface Freshness {
  /**
   * The highest event time, in milliseconds since the epoch, that the state behind the answer includes; −1 before the
   * first record. Over several partitions the lowest of theirs.
   */
  readonly asOfMs: number
  /** Input records that the state does not include yet, over all partitions read; undefined until it is known. */
  readonly lagRecords: number | undefined
}

/** The freshness of what was read from these partitions. */
export function freshnessOf(views: readonly StoreView[]): Freshness {
  let asOfMs = views.length === 0 ? -1 : Infinity
  let lagRecords: number | undefined = 0
  for (const view of views) {
    asOfMs = Math.min(asOfMs, view.asOfMs)
    if (view.lagRecords === undefined) lagRecords = undefined
    else if (lagRecords !== undefined) lagRecords += view.lagRecords
  }
  return { asOfMs, lagRecords }
}
