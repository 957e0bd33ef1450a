import { isPromise, type MaybePromise } from '../../core/maybe-promise.ts'
import type { Record } from '../../core/record.ts'
import type { WindowStore } from '../../state/store.ts'
import type { Processor, ProcessorContext } from '../../topology/processor.ts'
import type { Joiner } from '../callbacks.ts'
import { CurrentRecord } from '../record-context.ts'
import { ObservedTime } from './observed-time.ts'
import { skipRecord } from './skipped.ts'
import { walkEntries } from './walk-entries.ts'

/** What an inner join of a stream with itself is made of, where one store serves both sides. */
export interface StreamSelfJoin<K, V, Out> {
  /** The operator's name. */
  readonly name: string
  readonly storeName: string
  readonly joiner: Joiner<K, V, V, Out>
  readonly beforeMs: number
  readonly afterMs: number
  readonly retentionMs: number
}

/**
 * Joins each record with the earlier ones of its stream and with itself, in the order in which a join with two stores
 * would.
 *
 * @remarks Source: Java's `KStreamKStreamSelfJoin`, KIP-862.
 */
export class StreamSelfJoinProcessor<K, V, Out> implements Processor<K, V, K, Out> {
  readonly #join: StreamSelfJoin<K, V, Out>
  readonly #observed: ObservedTime
  readonly #current = new CurrentRecord()
  #store!: WindowStore<K, V>

  constructor(join: StreamSelfJoin<K, V, Out>) {
    this.#join = join
    this.#observed = new ObservedTime(join.name)
  }

  init(context: ProcessorContext<K, Out>): void {
    this.#store = context.store(this.#join.storeName) as WindowStore<K, V>
    this.#observed.init(context)
  }

  process(record: Record<K, V>, context: ProcessorContext<K, Out>): MaybePromise<void> {
    if (record.key === null || record.value === null) {
      skipRecord(context, 'a join of streams takes no record without key or value')
      return
    }
    this.#observed.observe(record.timestampMs)
    const asLeft = this.#joinAsLeft(record, context)
    if (isPromise(asLeft)) return asLeft.then(() => this.#joinAsRight(record, context))
    return this.#joinAsRight(record, context)
  }

  #joinAsLeft(record: Record<K, V>, context: ProcessorContext<K, Out>): MaybePromise<void> {
    const { beforeMs, afterMs } = this.#join
    return this.#walk(record, beforeMs, afterMs, (value, otherMs) =>
      this.#forward(record, record.value, value, otherMs, context),
    )
  }

  #joinAsRight(record: Record<K, V>, context: ProcessorContext<K, Out>): MaybePromise<void> {
    const { beforeMs, afterMs, retentionMs } = this.#join
    // With itself it is joined where it belongs by time, unless it is too old to have been kept.
    let withItself = record.timestampMs > this.#observed.ms - retentionMs + 1
    const joinItself = (): MaybePromise<void> => {
      if (!withItself) return
      withItself = false
      return this.#forward(record, record.value, record.value, record.timestampMs, context)
    }
    const walked = this.#walk(record, afterMs, beforeMs, (value, otherMs) => {
      const joinOther = (): MaybePromise<void> =>
        this.#forward(record, value, record.value, otherMs, context)
      const itself = otherMs > record.timestampMs ? joinItself() : undefined
      return isPromise(itself) ? itself.then(joinOther) : joinOther()
    })
    return isPromise(walked) ? walked.then(joinItself) : joinItself()
  }

  #walk(
    record: Record<K, V>,
    beforeMs: number,
    afterMs: number,
    visit: (value: V, otherMs: number) => MaybePromise<void>,
  ): MaybePromise<void> {
    const fromMs = Math.max(0, record.timestampMs - beforeMs)
    const toMs = Math.max(0, record.timestampMs + afterMs)
    return walkEntries(this.#store.fetchRange(record.key, fromMs, toMs), (other) =>
      visit(other.value, other.windowStartMs),
    )
  }

  #forward(
    record: Record<K, V>,
    left: V,
    right: V,
    otherMs: number,
    context: ProcessorContext<K, Out>,
  ): MaybePromise<void> {
    const at = record.withTimestamp(Math.max(record.timestampMs, otherMs))
    const out = this.#join.joiner(left, right, at.key, this.#current.at(at, context))
    if (isPromise(out)) return out.then((result) => context.forward(at.withValue(result)))
    return context.forward(at.withValue(out))
  }
}
