import type { Serde } from '../serdes/serde.ts'
import { keyValueStore } from './key-value-store-spec.ts'
import type { LoggingOptions } from './logging-spec.ts'
import type { KeyValueStoreSpec, StoreEngine } from './store-spec.ts'
import { timerEntrySerde, type TimerEntry } from './timer-entry.ts'
import { timerSlotSerde, type TimerSlot } from './timer-slot.ts'

/** What {@link timerStore} takes. */
export interface TimerStoreOptions<K, P> {
  /** Names the store and its changelog topic: letters, digits, `.`, `_` and `-`, at most 200. */
  readonly name: string
  readonly key: Serde<K>
  /** What timers carry. @defaultValue nothing */
  readonly payload?: Serde<P>
  /** Where timers are kept. @defaultValue `'default'`: what the application's configuration says */
  readonly engine?: StoreEngine
  /** The changelog; `false` for none. @defaultValue on */
  readonly logging?: LoggingOptions | boolean
}

/** Declares where the timers of one processor are kept: a key-value store, with what a timer is beside it. */
export interface TimerStoreSpec<K, P = undefined> extends KeyValueStoreSpec<
  TimerSlot<K>,
  TimerEntry<P>
> {
  readonly holdsTimers: true
  /** Never there at run time; carries the types of keys and payloads to where the timers are used. */
  readonly timerType?: readonly [K, P]
}

/**
 * Declares a store of timers by key and name, for the processor that names it in its `stores` and opens it with
 * `context.timers`.
 *
 * @throws `ConfigError` (MILLRACE_CONFIG) where the name cannot be part of a topic's name.
 */
export function timerStore<K, P = undefined>(
  options: TimerStoreOptions<K, P>,
): TimerStoreSpec<K, P> {
  const { name, key, payload, engine, logging } = options
  const spec = keyValueStore({
    name,
    key: timerSlotSerde(key),
    value: timerEntrySerde(payload),
    ...(engine !== undefined && { engine }),
    ...(logging !== undefined && { logging }),
  })
  return { ...spec, holdsTimers: true }
}
