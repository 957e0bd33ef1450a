import { StateStoreError } from '../core/errors.ts'
import type { LayerEntry } from './layer-entry.ts'
import type { StoreClock } from './task-state.ts'

/** What a store needs of its task when it is written to. */
export interface WriteContext {
  readonly clock: StoreClock
  /** Called after each write. */
  written(entry: LayerEntry): void
  /** Called for each write that came too late. */
  expired(windowStartMs: number): void
}

/** Refuses a time that could not be kept, at the write and not when it is committed. */
export function checkTimestamp(storeName: string, timestampMs: number): void {
  if (Number.isSafeInteger(timestampMs)) return
  throw new StateStoreError(
    `The store ${storeName} was given the timestamp ${timestampMs}: it must be a whole number of milliseconds`,
  )
}
