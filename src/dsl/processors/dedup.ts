import { isPromise, type MaybePromise } from '../../core/maybe-promise.ts'
import type { Record } from '../../core/record.ts'
import type { WindowStore } from '../../state/store.ts'
import type { Processor, ProcessorContext } from '../../topology/processor.ts'
import type { FirstSeen } from '../dedup-serde.ts'

/** How records are told from their duplicates. */
export interface Dedup<K, V> {
  readonly storeName: string
  readonly windowMs: number
  /** How long an id is remembered at least, in stream time: the window and the grace. */
  readonly memoryMs: number
  /** What duplicates have in common, as the store's key; null where a record is none of any other. */
  readonly idOf: (value: V, key: K) => unknown
  /** Whether {@link idOf} needs nothing but the key, so that the store can be read ahead. */
  readonly byKeyAlone: boolean
  /** The child that gets what is unique, and the one that gets duplicates; undefined where the latter are dropped. */
  readonly children: { readonly unique: string; readonly duplicates: string } | undefined
}

/**
 * Lets the first record of each id pass, and no other whose time differs from it by less than the window.
 *
 * What was seen is kept in a window store by the stream time at which it was seen, in stretches of the memory's length:
 * the current stretch and the one before it hold all that can matter, so two point reads answer, and whole stretches
 * expire. Which record was first is kept with it, so that one that is processed again after a crash (at least once)
 * is not taken for its own duplicate.
 *
 * @remarks Source: KIP-655.
 */
export class DedupProcessor<K, V> implements Processor<K, V, K, V> {
  readonly #dedup: Dedup<K, V>
  #store!: WindowStore<unknown, readonly FirstSeen[]>
  #context!: ProcessorContext<K, V>
  /** Tells apart the records that came of the same input record. */
  #input = { topic: '', partition: -1, offset: -1, ordinal: 0 }

  constructor(dedup: Dedup<K, V>) {
    this.#dedup = dedup
  }

  init(context: ProcessorContext<K, V>): void {
    this.#context = context
    const { storeName } = this.#dedup
    this.#store = context.store(storeName) as WindowStore<unknown, readonly FirstSeen[]>
  }

  get prefetchesByValue(): boolean {
    return !this.#dedup.byKeyAlone
  }

  prefetch(key: K, timestampMs: number, value?: V): void {
    const { byKeyAlone, idOf, memoryMs } = this.#dedup
    if (value === undefined && !byKeyAlone) return
    const id = idOf(value as V, key)
    if (id === null || id === undefined) return
    const streamTimeMs = Math.max(this.#context.currentStreamTimeMs(), timestampMs)
    const stretchMs = this.#stretchOf(streamTimeMs)
    this.#store.prefetch(id, stretchMs)
    if (stretchMs >= memoryMs) this.#store.prefetch(id, stretchMs - memoryMs)
  }

  process(record: Record<K, V>, context: ProcessorContext<K, V>): MaybePromise<void> {
    const seen = this.#nameRecord(record, context)
    const id = this.#dedup.idOf(record.value, record.key)
    if (id === null || id === undefined) return this.#pass(record, context)
    const stretchMs = this.#stretchOf(context.currentStreamTimeMs())
    const current = this.#store.fetch(id, stretchMs)
    const before = this.#fetchBefore(id, stretchMs)
    if (isPromise(current) || isPromise(before)) {
      return Promise.all([current, before]).then(([now, then]) =>
        this.#decide(record, context, id, stretchMs, seen, now, then),
      )
    }
    return this.#decide(record, context, id, stretchMs, seen, current, before)
  }

  #decide(
    record: Record<K, V>,
    context: ProcessorContext<K, V>,
    id: unknown,
    stretchMs: number,
    seen: FirstSeen,
    current: readonly FirstSeen[] | undefined,
    before: readonly FirstSeen[] | undefined,
  ): MaybePromise<void> {
    const first = this.#firstOf(seen, current) ?? this.#firstOf(seen, before)
    if (first === undefined) {
      this.#store.put(id, [...(current ?? []), seen], stretchMs, record.timestampMs)
      return this.#pass(record, context)
    }
    // What is processed again goes on as it did before.
    if (isSame(first, seen)) return this.#pass(record, context)
    const { children } = this.#dedup
    context.recordDropped?.(
      `it is a duplicate of the record at offset ${first.offset} of ${first.topic}, partition ${first.partition}`,
      'duplicate',
    )
    return children && context.forward(record, children.duplicates)
  }

  /** The record that this one duplicates, or itself where it was processed before; undefined where it is the first. */
  #firstOf(seen: FirstSeen, known: readonly FirstSeen[] | undefined): FirstSeen | undefined {
    return known?.find(
      (each) => Math.abs(each.timestampMs - seen.timestampMs) < this.#dedup.windowMs,
    )
  }

  #fetchBefore(id: unknown, stretchMs: number): MaybePromise<readonly FirstSeen[] | undefined> {
    const beforeMs = stretchMs - this.#dedup.memoryMs
    return beforeMs < 0 ? undefined : this.#store.fetch(id, beforeMs)
  }

  #pass(record: Record<K, V>, context: ProcessorContext<K, V>): MaybePromise<void> {
    return context.forward(record, this.#dedup.children?.unique)
  }

  #stretchOf(streamTimeMs: number): number {
    const timeMs = Math.max(0, streamTimeMs)
    return timeMs - (timeMs % this.#dedup.memoryMs)
  }

  #nameRecord(record: Record<K, V>, context: ProcessorContext<K, V>): FirstSeen {
    const { topic = '', partition = -1, offset = -1 } = context.recordMetadata ?? {}
    const input = this.#input
    const goesOn = input.offset === offset && input.partition === partition && input.topic === topic
    context.onUndo?.(() => {
      this.#input = input
    })
    this.#input = { topic, partition, offset, ordinal: goesOn ? input.ordinal + 1 : 0 }
    return { ...this.#input, timestampMs: record.timestampMs }
  }
}

/** Records of punctuations have no place, so that none is known again. */
function isSame(a: FirstSeen, b: FirstSeen): boolean {
  return (
    a.offset >= 0 &&
    a.offset === b.offset &&
    a.ordinal === b.ordinal &&
    a.partition === b.partition &&
    a.topic === b.topic &&
    a.timestampMs === b.timestampMs
  )
}
