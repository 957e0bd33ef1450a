import { isPromise, type MaybePromise } from '../core/maybe-promise.ts'
import { Record } from '../core/record.ts'
import type { ValueAndTimestamp } from '../state/store.ts'
import type { ProcessorContext } from '../topology/processor.ts'
import type { Joiner } from './callbacks.ts'
import { CurrentRecord } from './record-context.ts'
import { keyValueView } from './store-view.ts'
import type { TableBacking, TableReader, TableView } from './table-view.ts'

/** What a join of two tables is made of, seen from the first one. */
export interface TableJoinParts<K, V, Other, Out> {
  readonly parents: readonly [TableBacking<K, V>, TableBacking<K, Other>]
  readonly views: readonly [TableView<K, V>, TableView<K, Other>]
  readonly joiner: Joiner<K, V | null, Other | null, Out | null>
  /** Whether a result needs a value of the first table, of the second. */
  readonly needs: readonly [boolean, boolean]
  /** Where the result is held, if it is. */
  readonly storeName: string | undefined
  readonly storeIsVersioned: boolean
  /** The processors of the two sides, which send old values where these say so. */
  readonly sides: readonly { sendOldValues: boolean }[]
}

/** A table that two others are joined to. Source: Java's `KTableKTableJoinMerger`. */
export class JoinedTable<K, V, Other, Out> implements TableBacking<K, Out> {
  private readonly join: TableJoinParts<K, V, Other, Out>

  constructor(join: TableJoinParts<K, V, Other, Out>) {
    this.join = join
  }

  storeName(): string | undefined {
    return this.join.storeName
  }

  materialize(): string | undefined {
    return this.join.storeName
  }

  sendOldValues(): boolean {
    for (const parent of this.join.parents) parent.sendOldValues(true)
    for (const side of this.join.sides) side.sendOldValues = true
    return true
  }

  /** A result that is not held has no history, even where both tables have: KIP-914. */
  isVersioned(): boolean {
    return this.join.storeIsVersioned
  }

  view(): TableView<K, Out> {
    const { storeName, views } = this.join
    if (storeName !== undefined) return keyValueView(storeName)
    return {
      storeNames: [...new Set(views.flatMap((view) => view.storeNames))],
      open: (context) => new JoinedReader(this.join, context),
    }
  }
}

/** Joins two tables' values as they are read. */
class JoinedReader<K, V, Other, Out> implements TableReader<K, Out> {
  private readonly join: TableJoinParts<K, V, Other, Out>
  private readonly first: TableReader<K, V>
  private readonly second: TableReader<K, Other>
  private readonly context: ProcessorContext<never, never>
  private readonly current = new CurrentRecord()

  constructor(join: TableJoinParts<K, V, Other, Out>, context: ProcessorContext<never, never>) {
    this.join = join
    this.first = join.views[0].open(context)
    this.second = join.views[1].open(context)
    this.context = context
  }

  get(key: K): MaybePromise<Out | undefined> {
    const found = this.getWithTimestamp(key)
    return isPromise(found) ? found.then((entry) => entry?.value) : found?.value
  }

  getWithTimestamp(key: K): MaybePromise<ValueAndTimestamp<Out> | undefined> {
    const first = this.first.getWithTimestamp(key)
    const second = this.second.getWithTimestamp(key)
    if (isPromise(first) || isPromise(second)) {
      return Promise.all([first, second]).then(([one, two]) => this.joined(key, one, two))
    }
    return this.joined(key, first, second)
  }

  prefetch(key: K): void {
    this.first.prefetch(key)
    this.second.prefetch(key)
  }

  async close(): Promise<void> {
    await this.first.close?.()
    await this.second.close?.()
  }

  private joined(
    key: K,
    first: ValueAndTimestamp<V> | undefined,
    second: ValueAndTimestamp<Other> | undefined,
  ): MaybePromise<ValueAndTimestamp<Out> | undefined> {
    const [needsFirst, needsSecond] = this.join.needs
    const value = first === undefined ? null : first.value
    const other = second === undefined ? null : second.value
    if (value === null && (needsFirst || other === null)) return undefined
    if (other === null && needsSecond) return undefined
    const timestampMs = Math.max(first?.timestampMs ?? -1, second?.timestampMs ?? -1)
    const stamped = (result: Out | null): ValueAndTimestamp<Out> | undefined =>
      result === null ? undefined : { value: result, timestampMs }
    const record = new Record(key, value, timestampMs)
    const out = this.join.joiner(value, other, key, this.current.at(record, this.context))
    return isPromise(out) ? out.then(stamped) : stamped(out)
  }
}
