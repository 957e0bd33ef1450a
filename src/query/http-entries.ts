import { QueryError } from '../core/errors.ts'
import type { StoreView } from '../runtime/worker-status.ts'
import type { ReadOnlyKeyValueStore, WindowEntry } from '../state/store.ts'
import type { ReadOnlyVersionedStore } from '../state/versioned-store-types.ts'
import { KeyValueView } from './key-value-view.ts'
import { SessionView } from './session-view.ts'
import { storeOfKind, type StoreReader } from './store-reader.ts'
import { VersionedView } from './versioned-view.ts'
import { keyFromText } from './view-catalogue.ts'
import { WindowView } from './window-view.ts'

/** What a request may ask for in its query string. */
export interface ListQuery {
  readonly from?: string
  readonly to?: string
  readonly fromMs?: number
  readonly toMs?: number
  readonly asOfMs?: number
  readonly limit?: number
}

/** What can be asked of the stores of each kind, beside `limit`. */
const asked = {
  'key-value': ['from', 'to'],
  window: ['fromMs', 'toMs'],
  session: ['fromMs', 'toMs'],
  versioned: ['from', 'to', 'fromMs', 'toMs', 'asOfMs'],
} as const

/** Refuses what a store of this kind has no answer to, rather than leaving it out. Throws `QueryError`. */
export function checkQuery({ store }: StoreReader, query: ListQuery): void {
  const known: readonly string[] = asked[store.kind]
  const foreign = Object.keys(query).find((name) => name !== 'limit' && !known.includes(name))
  if (foreign === undefined) return
  throw new QueryError(
    `view ${store.name} is a ${store.kind} store, which cannot be asked by ${foreign}; it can by: ` +
      [...known, 'limit'].join(', '),
  )
}

/** All entries of a store, as the query bounds them. */
export function allEntries(reader: StoreReader, query: ListQuery): AsyncIterable<object> {
  switch (reader.store.kind) {
    case 'window':
      return withEnds(new WindowView(reader).fetchAll(query), reader)
    case 'session':
      return new SessionView(reader).fetchAll(query)
    case 'versioned':
      return new VersionedView(reader).range(keyRange(reader, query))
    case 'key-value':
      return new KeyValueView(reader).range(keyRange(reader, query))
  }
}

/** The entries of one key, of a store that has several; undefined where one value is asked for. */
export function entriesOfKey(
  reader: StoreReader,
  key: unknown,
  query: ListQuery,
): AsyncIterable<object> | undefined {
  switch (reader.store.kind) {
    case 'window':
      return withEnds(new WindowView(reader).fetch(key, query), reader)
    case 'session':
      return new SessionView(reader).fetch(key, query)
    case 'versioned': {
      const history = query.fromMs !== undefined || query.toMs !== undefined
      return history ? new VersionedView(reader).versions(key, query) : undefined
    }
    case 'key-value':
      return undefined
  }
}

/** The value under a key, of a store that has one. */
export async function valueOfKey(
  view: StoreView,
  key: unknown,
  { asOfMs }: ListQuery,
): Promise<object | undefined> {
  if (view.store.kind === 'versioned') {
    const store = storeOfKind<ReadOnlyVersionedStore<unknown, unknown>>(view, 'versioned')
    return await store.get(key, asOfMs)
  }
  const store = storeOfKind<ReadOnlyKeyValueStore<unknown, unknown>>(view, 'key-value')
  return await store.getWithTimestamp(key)
}

function keyRange(
  { store }: StoreReader,
  { from, to }: ListQuery,
): { readonly from?: unknown; readonly to?: unknown } {
  return {
    ...(from === undefined ? {} : { from: keyFromText(store.key, from) }),
    ...(to === undefined ? {} : { to: keyFromText(store.key, to) }),
  }
}

async function* withEnds(
  entries: AsyncIterable<WindowEntry<unknown, unknown>>,
  reader: StoreReader,
): AsyncGenerator<object> {
  const sizeMs = reader.store.windowSizeMs ?? 0
  for await (const entry of entries) {
    yield { ...entry, windowEndMs: entry.windowStartMs + sizeMs }
  }
}
