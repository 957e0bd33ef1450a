import { isPromise, type MaybePromise } from '../../core/maybe-promise.ts'
import type { Record } from '../../core/record.ts'
import type { Serde } from '../../serdes/serde.ts'
import type { Processor, ProcessorContext } from '../../topology/processor.ts'
import type { Joiner } from '../callbacks.ts'
import { skipRecord } from '../processors/skipped.ts'
import { CurrentRecord } from '../record-context.ts'
import type { TableReader, TableView } from '../table-view.ts'
import type { Askers } from './askers.ts'
import type { PseudoTopics } from './pseudo-topics.ts'
import { hasherIn, type Serializer } from './serializer.ts'
import type { SubscriptionResponse } from './subscription.ts'

/** How an answer becomes a row of the result. */
export interface ResponseJoin<K, V, OtherV, Out> {
  readonly view: TableView<K, V>
  readonly value: Serde<V>
  readonly joiner: Joiner<K, V | null, OtherV | null, Out | null>
  readonly left: boolean
  readonly topics: PseudoTopics
  readonly askers: Askers<K, V>
}

type Forward<K, Out> = ProcessorContext<K, Out | null>

/**
 * Joins an answer with the row that asked, unless that row has changed since: then another answer is on its way, or is
 * asked for.
 *
 * @remarks Source: Java's `ResponseJoinProcessorSupplier`.
 */
export class ResponseJoinProcessor<K, V, OtherV, Out> implements Processor<
  K,
  SubscriptionResponse<OtherV>,
  K,
  Out | null
> {
  private readonly join: ResponseJoin<K, V, OtherV, Out>
  private readonly current = new CurrentRecord()
  private table!: TableReader<K, V>
  private hash!: Serializer<V>

  constructor(join: ResponseJoin<K, V, OtherV, Out>) {
    this.join = join
  }

  async init(context: Forward<K, Out>): Promise<void> {
    const { value, view, topics } = this.join
    this.table = view.open(context)
    this.hash = await hasherIn(context, value, topics.hashedValueOf(context.applicationId))
  }

  prefetch(key: K): void {
    this.table.prefetch(key)
  }

  process(
    record: Record<K, SubscriptionResponse<OtherV>>,
    context: Forward<K, Out>,
  ): MaybePromise<void> {
    const row = this.table.get(record.key)
    if (isPromise(row)) return row.then((value) => this.joined(record, context, value ?? null))
    return this.joined(record, context, row ?? null)
  }

  close(): MaybePromise<void> {
    return this.table.close?.()
  }

  /** So that the row is joined with what there is now, or its result is deleted. */
  private askAgain(
    record: Record<K, SubscriptionResponse<OtherV>>,
    context: Forward<K, Out>,
    row: V | null,
  ): MaybePromise<void> {
    if (row === null) return context.forward(record.withValue(null))
    const settle = (asked: boolean): MaybePromise<void> =>
      asked ? undefined : context.forward(record.withValue(null))
    const asked = this.join.askers.get(context.taskId)?.(row, record) ?? true
    return isPromise(asked) ? asked.then(settle) : settle(asked)
  }

  private joined(
    record: Record<K, SubscriptionResponse<OtherV>>,
    context: Forward<K, Out>,
    row: V | null,
  ): MaybePromise<void> {
    const { hash, foreignValue } = record.value
    const present = row === null ? null : this.hash(row)
    if (hash === null || present === null ? hash !== present : !hash.equals(present)) {
      skipRecord(context, 'a row has changed since it asked for what it is joined with', 'stale')
      // The row as it is now may have asked to be answered only where there is something, or not at all; and this
      // answer, that there is nothing, may have been the one to take a result away that there was before.
      if (foreignValue === null && !this.join.left) return this.askAgain(record, context, row)
      return
    }
    const absent = row === null || (foreignValue === null && !this.join.left)
    if (absent) return context.forward(record.withValue(null))
    const current = this.current.at(record, context)
    const out = this.join.joiner(row, foreignValue, record.key, current)
    if (isPromise(out)) return out.then((result) => context.forward(record.withValue(result)))
    return context.forward(record.withValue(out))
  }
}
