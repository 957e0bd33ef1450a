import { isPromise, type MaybePromise } from '../../core/maybe-promise.ts'
import type { KeyValueStore, ValueAndTimestamp } from '../../state/store.ts'
import type { VersionedStore, VersionPut } from '../../state/versioned-store-types.ts'
import type { ProcessorContext } from '../../topology/processor.ts'

/** What became of a row that was put: it is the latest of its key, or behind a newer one, or was too old to be kept. */
export type RowPut = 'latest' | 'behind' | 'refused'

/**
 * The rows of a table, whichever kind of store holds them.
 *
 * @remarks Source: Java's `KeyValueStoreWrapper`.
 */
export interface TableRows<K, V> {
  /** The latest row of a key. */
  get(key: K): MaybePromise<ValueAndTimestamp<V> | undefined>
  put(key: K, value: V | null, timestampMs: number): MaybePromise<RowPut>
  prefetch(key: K): void
}

/** Opens the store that holds a table: a key-value store, or a versioned one. */
export function tableRows<K, V>(
  context: ProcessorContext<never, never>,
  storeName: string,
): TableRows<K, V> {
  const store = context.store(storeName) as KeyValueStore<K, V> | VersionedStore<K, V>
  if (store.kind === 'versioned') {
    return {
      get: (key) => store.get(key),
      put(key, value, timestampMs) {
        const put = store.put(key, value, timestampMs)
        return isPromise(put) ? put.then(rowPut) : rowPut(put)
      },
      prefetch: (key) => store.prefetch(key),
    }
  }
  return {
    get: (key) => store.getWithTimestamp(key),
    put(key, value, timestampMs) {
      store.put(key, value, timestampMs)
      return 'latest'
    },
    prefetch: (key) => store.prefetch(key),
  }
}

function rowPut({ written, validToMs }: VersionPut): RowPut {
  if (!written) return 'refused'
  return validToMs === undefined ? 'latest' : 'behind'
}

/** Does something with a row once it is put, with whether it is the latest; nothing for one that was not kept. */
export function whenPut(
  put: MaybePromise<RowPut>,
  then: (isLatest: boolean) => MaybePromise<void>,
): MaybePromise<void> {
  if (isPromise(put)) return put.then((answer) => whenPut(answer, then))
  return put === 'refused' ? undefined : then(put === 'latest')
}
