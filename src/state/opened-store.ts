import type { MaybePromise } from '../core/maybe-promise.ts'
import type { EntryReader } from './entry-reader.ts'
import { HeaderEntries, HeaderReader } from './header-entries.ts'
import { KeyValueReader, LayeredKeyValueStore } from './key-value-store.ts'
import type { LayeredStore } from './layered-store.ts'
import { SessionReader } from './session-reader.ts'
import { LayeredSessionStore } from './session-store.ts'
import type { StateStore } from './store.ts'
import type { StoreSerdes } from './store-serdes.ts'
import type { KeyValueStoreSpec, StoreSpec } from './store-spec.ts'
import { TimedEntries } from './timed-entries.ts'
import { TimedReader } from './timed-reader.ts'
import { VersionedReader } from './versioned-reader.ts'
import { LayeredVersionedStore } from './versioned-store.ts'
import { WindowReader } from './window-reader.ts'
import { LayeredWindowStore } from './window-store.ts'
import type { WritableEntries } from './writable-entries.ts'
import type { WriteContext } from './write-context.ts'

/** The typed stores over one store's bytes, and what its kind does besides. */
export interface OpenedStore {
  /** What processing sees. */
  readonly live: StateStore
  /** What queries see. */
  readonly committed: StateStore
  /** Called before the open layer is set aside. */
  beforeSeal(): void
  /** Called when committed state was changed from below. */
  committedChanged(): void
  /** See `TaskState.expire`. */
  expire(): MaybePromise<void>
}

/** What typed stores are made of. */
export interface StoreParts {
  readonly layered: LayeredStore
  readonly reader: EntryReader
  readonly serdes: StoreSerdes<unknown, unknown>
  readonly context: WriteContext
}

/** Opens the typed stores of a declaration. */
export function openStore(spec: StoreSpec, parts: StoreParts): OpenedStore {
  const { layered, reader, serdes, context } = parts
  const { name } = layered
  switch (spec.kind) {
    case 'key-value':
      return openKeyValueStore(spec, parts)
    case 'window':
      return {
        ...nothingBesides,
        live: new LayeredWindowStore(layered, serdes, spec, context),
        committed: new WindowReader(name, reader, serdes, spec),
      }
    case 'session':
      return {
        ...nothingBesides,
        live: new LayeredSessionStore(layered, serdes, spec.retentionMs, context),
        committed: new SessionReader(name, reader, serdes, spec.retentionMs),
      }
    case 'versioned': {
      const live = new LayeredVersionedStore(layered, serdes, spec.historyRetentionMs, context)
      return {
        ...nothingBesides,
        live,
        committed: new VersionedReader(name, reader, serdes, spec.historyRetentionMs),
        expire: () => live.expire(),
      }
    }
  }
}

const nothingBesides = {
  beforeSeal(): void {},
  committedChanged(): void {},
  expire(): undefined {
    return undefined
  },
}

function openKeyValueStore(
  { ttlMs, headers }: KeyValueStoreSpec<never, never>,
  { layered, reader, serdes, context }: StoreParts,
): OpenedStore {
  const timed = ttlMs === undefined ? undefined : new TimedEntries(layered, ttlMs, context)
  let entries: WritableEntries = timed ?? layered
  let committed = reader
  if (ttlMs !== undefined) committed = new TimedReader(reader, ttlMs, () => reader.observedMs)
  if (headers) {
    entries = new HeaderEntries(entries)
    committed = new HeaderReader(committed)
  }
  return {
    live: new LayeredKeyValueStore(entries, serdes, context, headers === true),
    committed: new KeyValueReader(layered.name, committed, serdes),
    beforeSeal: () => timed?.observe(),
    committedChanged: () => timed?.notesChanged(),
    expire: () => timed?.expire(),
  }
}
