import type { MaybePromise } from '../core/maybe-promise.ts'
import type { Record } from '../core/record.ts'

/** A record of whose types the runtime knows nothing; they were checked where the topology was declared. */
export type AnyRecord = Record<unknown, unknown>

/** A node as it runs in a task. */
export interface GraphNode {
  readonly name: string
  /** Handles a record and everything that comes of it; a promise only where something has to wait. */
  process(record: AnyRecord): MaybePromise<void>
}

/** Hands a record to nodes one after the other, each with all that comes of it before the next. */
export function deliver(children: readonly GraphNode[], record: AnyRecord): MaybePromise<void> {
  for (let i = 0; i < children.length; i++) {
    const pending = children[i]!.process(record)
    if (pending !== undefined) return deliverRest(pending, children, i + 1, record)
  }
  return undefined
}

async function deliverRest(
  pending: Promise<void>,
  children: readonly GraphNode[],
  from: number,
  record: AnyRecord,
): Promise<void> {
  await pending
  for (let i = from; i < children.length; i++) await children[i]!.process(record)
}
