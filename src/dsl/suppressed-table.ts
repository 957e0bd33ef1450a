import { isPromise, type MaybePromise } from '../core/maybe-promise.ts'
import type { KeyValueStore, ValueAndTimestamp } from '../state/store.ts'
import type { BufferedChange } from './buffered-change.ts'
import type { TableBacking, TableReader, TableView } from './table-view.ts'

/**
 * A table whose updates are held back. Who reads it sees, of a row that is held back, what it was before.
 *
 * @remarks Source: Java's `KTableSuppressProcessorSupplier.view`.
 */
export class SuppressedTable<K, V> implements TableBacking<K, V> {
  private readonly parent: TableBacking<K, V>
  private readonly bufferName: string

  constructor(parent: TableBacking<K, V>, bufferName: string) {
    this.parent = parent
    this.bufferName = bufferName
  }

  storeName(): undefined {
    return undefined
  }

  materialize(): undefined {
    return undefined
  }

  sendOldValues(force: boolean): boolean {
    return this.parent.sendOldValues(force)
  }

  isVersioned(): boolean {
    return false
  }

  view(): TableView<K, V> {
    const parent = this.parent.view()
    const { bufferName } = this
    return {
      storeNames: [bufferName, ...parent.storeNames],
      open(context) {
        const buffer = context.store(bufferName) as KeyValueStore<K, BufferedChange<V>>
        return new SuppressedReader(buffer, parent.open(context))
      },
    }
  }
}

class SuppressedReader<K, V> implements TableReader<K, V> {
  private readonly buffer: KeyValueStore<K, BufferedChange<V>>
  private readonly parent: TableReader<K, V>

  constructor(buffer: KeyValueStore<K, BufferedChange<V>>, parent: TableReader<K, V>) {
    this.buffer = buffer
    this.parent = parent
  }

  get(key: K): MaybePromise<V | null | undefined> {
    const held = this.buffer.get(key)
    if (isPromise(held)) return held.then((change) => this.choose(key, change))
    return this.choose(key, held)
  }

  getWithTimestamp(key: K): MaybePromise<ValueAndTimestamp<V> | undefined> {
    const held = this.buffer.get(key)
    if (isPromise(held)) return held.then((change) => this.chooseWithTimestamp(key, change))
    return this.chooseWithTimestamp(key, held)
  }

  prefetch(key: K): void {
    this.buffer.prefetch(key)
    this.parent.prefetch(key)
  }

  close(): MaybePromise<void> {
    return this.parent.close?.()
  }

  private choose(key: K, held: BufferedChange<V> | undefined): MaybePromise<V | null | undefined> {
    return held ? held.priorValue : this.parent.get(key)
  }

  private chooseWithTimestamp(
    key: K,
    held: BufferedChange<V> | undefined,
  ): MaybePromise<ValueAndTimestamp<V> | undefined> {
    if (!held) return this.parent.getWithTimestamp(key)
    // When the prior value was made is not kept, so it counts for nothing in the time of what is made of it.
    return held.priorValue === null ? undefined : { value: held.priorValue, timestampMs: -1 }
  }
}
