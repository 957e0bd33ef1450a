import type { WindowedKey } from '../core/windowed.ts'
import type { LoggingOptions } from '../state/logging-spec.ts'
import type { StoreEngine } from '../state/store-spec.ts'
import type { NamedOptions } from './operator-options.ts'

/** Bounds of a suppression buffer, a task; at least one of the two. */
interface BufferBounds {
  /** How many keys it may hold; a whole number, at least 0. @defaultValue no bound */
  readonly maxRecords?: number
  /** How many bytes of keys, values and headers it may hold; a whole number, at least 0. @defaultValue no bound */
  readonly maxBytes?: number
}

/**
 * A buffer that, when it is full, emits what has waited longest before its time (`'emit'`), or ends the application
 * (`'fail'`).
 *
 * @remarks Source: Java's `Suppressed.BufferConfig`.
 */
export interface SuppressBuffer extends BufferBounds {
  readonly whenFull: 'emit' | 'fail'
}

/**
 * A buffer that never emits before the time: full, it ends the application, to be started again with more room.
 *
 * @remarks Source: Java's `Suppressed.StrictBufferConfig`.
 */
export interface StrictSuppressBuffer extends BufferBounds {
  readonly whenFull: 'fail'
}

interface SuppressBase extends NamedOptions {
  /** Where what is held back is kept. @defaultValue `'default'`: what the application's configuration says */
  readonly engine?: StoreEngine
  /** The changelog that what is held back is restored from; `false` for none. @defaultValue on */
  readonly logging?: LoggingOptions | boolean
}

/**
 * Holds each row's updates back until stream time is so far past the first of them, then emits the last one.
 *
 * @remarks Source: Java's `Suppressed.untilTimeLimit`.
 */
export interface SuppressUntilTimeLimit extends SuppressBase {
  /** How long to wait after a row's first update, in whole milliseconds of stream time, at least 0. */
  readonly until: { readonly timeLimitMs: number }
  /** @defaultValue `'unbounded'` */
  readonly buffer?: 'unbounded' | SuppressBuffer
}

/**
 * Holds each window's updates back until the window takes no more records, then emits its one final result.
 *
 * @remarks Source: Java's `Suppressed.untilWindowCloses`.
 */
export interface SuppressUntilWindowCloses extends SuppressBase {
  readonly until: 'window-closes'
  /** A final result cannot be emitted early, so that a bounded buffer must fail. @defaultValue `'unbounded'` */
  readonly buffer?: 'unbounded' | StrictSuppressBuffer
}

/** How a table's updates are held back; until a window closes only where the keys are windowed. */
export type SuppressOptions<K> =
  SuppressUntilTimeLimit | ([K] extends [WindowedKey<unknown>] ? SuppressUntilWindowCloses : never)
