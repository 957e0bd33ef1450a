import { isPromise, type MaybePromise } from '../../core/maybe-promise.ts'
import type { Record } from '../../core/record.ts'
import type { Processor, ProcessorContext } from '../../topology/processor.ts'
import type { Predicate } from '../callbacks.ts'
import { CurrentRecord } from '../record-context.ts'

/** Lets records pass for which the predicate says `wanted`. Source: Java's `KStreamFilter`. */
export class FilterProcessor<K, V> implements Processor<K, V, K, V> {
  private readonly predicate: Predicate<K, V>
  private readonly wanted: boolean
  private readonly current = new CurrentRecord()

  constructor(predicate: Predicate<K, V>, wanted: boolean) {
    this.predicate = predicate
    this.wanted = wanted
  }

  process(record: Record<K, V>, context: ProcessorContext<K, V>): MaybePromise<void> {
    const answer = this.predicate(record.value, record.key, this.current.at(record, context))
    if (isPromise(answer)) return this.later(answer, record, context)
    if (answer === this.wanted) return context.forward(record)
  }

  private async later(
    answer: Promise<boolean>,
    record: Record<K, V>,
    context: ProcessorContext<K, V>,
  ): Promise<void> {
    if ((await answer) === this.wanted) await context.forward(record)
  }
}
