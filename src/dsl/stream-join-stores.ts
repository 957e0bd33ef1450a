import { TopologyError } from '../core/errors.ts'
import type { Serde } from '../serdes/serde.ts'
import { keyValueStore } from '../state/key-value-store-spec.ts'
import { loggingSpec, type LoggingOptions } from '../state/logging-spec.ts'
import type { KeyValueStoreSpec, WindowStoreSpec } from '../state/store-spec.ts'
import { windowStore } from '../state/window-store-spec.ts'
import type { JoinWindows } from './join-windows.ts'
import type { JoinStoreOptions, StreamJoinedRules } from './stream-joined-options.ts'
import type { SideValue, UnmatchedKey } from './unmatched.ts'
import { unmatchedKeySerde, unmatchedValuesSerde } from './unmatched-serdes.ts'

/** The stores of a join of two streams. */
export interface StreamJoinStores<K, V, OtherV> {
  readonly left: WindowStoreSpec<K, V>
  readonly right: WindowStoreSpec<K, OtherV>
  /** Undefined for an inner join. */
  readonly unmatched:
    KeyValueStoreSpec<UnmatchedKey<K>, readonly SideValue<V, OtherV>[]> | undefined
}

/** Which sides go on without a match. */
export interface OuterSides {
  readonly leftOuter: boolean
  readonly rightOuter: boolean
}

/** What the stores are made of. */
export interface StreamJoinStoreParts<K, V, OtherV> extends OuterSides {
  /** The generated names of the joining nodes, of which stores are named that the user does not name. */
  readonly generated: { readonly left: string; readonly right: string }
  readonly options: Omit<StreamJoinedRules<K, V, OtherV>, 'key' | 'value' | 'otherValue'>
  readonly key: Serde<K>
  readonly value: Serde<V>
  readonly otherValue: Serde<OtherV>
}

/** The suffixes of the sides' names: of their stores and of their joining nodes. */
export function sideSuffixes({ leftOuter, rightOuter }: OuterSides): {
  readonly left: string
  readonly right: string
} {
  return {
    left: rightOuter ? '-outer-this-join' : '-this-join',
    right: leftOuter ? '-outer-other-join' : '-other-join',
  }
}

/**
 * The stores of a join, with the names that Kafka Streams gives them.
 *
 * @throws TopologyError where both sides' stores have one name, or keep records for less than the windows need.
 * @remarks Source: Java's `KStreamImplJoin`, `StreamJoinedStoreFactory` and `OuterStreamJoinStoreFactory`.
 */
export function streamJoinStores<K, V, OtherV>(
  parts: StreamJoinStoreParts<K, V, OtherV>,
): StreamJoinStores<K, V, OtherV> {
  const { generated, options, key, value, otherValue } = parts
  const { windows } = options
  const base = optionsOf(options.store)
  const own = { left: optionsOf(options.thisStore), right: optionsOf(options.otherStore) }
  const suffixes = sideSuffixes(parts)
  const nameOf = (side: 'left' | 'right'): string =>
    own[side].name ??
    `${base.name === undefined ? generated[side] : base.name + suffixes[side]}-store`
  const names = { left: nameOf('left'), right: nameOf('right') }
  if (names.left === names.right) {
    throw new TopologyError(
      `Both sides of a join are to be kept in a store named ${names.left}. Name one of thisStore and otherStore ` +
        'differently.',
    )
  }
  const held = (side: 'left' | 'right'): JoinStoreOptions => ({ ...base, ...own[side] })
  return {
    left: sideStore(names.left, windows, key, value, held('left')),
    right: sideStore(names.right, windows, key, otherValue, held('right')),
    unmatched: parts.leftOuter
      ? keyValueStore({
          ...engineAndLogging(held('left')),
          name: unmatchedName(parts, own.left.name ?? base.name),
          key: unmatchedKeySerde(key),
          value: unmatchedValuesSerde(value, otherValue),
        })
      : undefined,
  }
}

function sideStore<K, V>(
  name: string,
  windows: JoinWindows,
  key: Serde<K>,
  value: Serde<V>,
  options: JoinStoreOptions,
): WindowStoreSpec<K, V> {
  const needed = windows.sizeMs + windows.graceMs
  const { retentionMs = needed } = options
  if (!Number.isSafeInteger(retentionMs) || retentionMs < needed) {
    throw new TopologyError(
      `The store ${name} of a join is to keep records ${retentionMs} ms, less than the windows' size and grace, ` +
        `${needed} ms. Make retentionMs at least that, or leave it out.`,
    )
  }
  const { engine, logging } = engineAndLogging(options)
  return windowStore({
    ...(engine && { engine }),
    name,
    key,
    value,
    // Kafka Streams keeps records 0 ms where windows hold one point in time and there is no grace, and joins none.
    windowSizeMs: Math.max(1, windows.sizeMs),
    retentionMs: Math.max(1, retentionMs),
    retainDuplicates: true,
    // Every record is an entry of its own, so that there is nothing to compact.
    logging: { ...logging, topicConfig: { ...logging.topicConfig, 'cleanup.policy': 'delete' } },
  })
}

function unmatchedName<K, V, OtherV>(
  parts: StreamJoinStoreParts<K, V, OtherV>,
  base: string | undefined,
): string {
  if (base !== undefined) {
    return `${base}${parts.rightOuter ? '-outer-shared-join' : '-left-shared-join'}-store`
  }
  const number = parts.generated.left.slice(parts.generated.left.lastIndexOf('-') + 1)
  return `KSTREAM-OUTERSHARED-${number}-store`
}

function engineAndLogging(options: JoinStoreOptions): {
  readonly engine?: NonNullable<JoinStoreOptions['engine']>
  readonly logging: LoggingOptions
} {
  const { engine, logging } = options
  return { ...(engine && { engine }), logging: loggingSpec(logging) }
}

function optionsOf(store: string | JoinStoreOptions | undefined): JoinStoreOptions {
  return typeof store === 'string' ? { name: store } : (store ?? {})
}
