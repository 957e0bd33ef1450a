import { isPromise, type MaybePromise } from '../../core/maybe-promise.ts'
import type { Record } from '../../core/record.ts'
import type { Processor, ProcessorContext } from '../../topology/processor.ts'
import type { Action } from '../callbacks.ts'
import { CurrentRecord } from '../record-context.ts'

/** Does something for each record and ends there. Source: Java's `ForeachProcessor`. */
export class ForEachProcessor<K, V> implements Processor<K, V> {
  private readonly action: Action<K, V>
  private readonly current = new CurrentRecord()

  constructor(action: Action<K, V>) {
    this.action = action
  }

  process(record: Record<K, V>, context: ProcessorContext<never, never>): MaybePromise<void> {
    return this.action(record.value, record.key, this.current.at(record, context))
  }
}

/** Does something for each record and lets it pass. Source: Java's `KStreamPeek`. */
export class PeekProcessor<K, V> implements Processor<K, V, K, V> {
  private readonly action: Action<K, V>
  private readonly current = new CurrentRecord()

  constructor(action: Action<K, V>) {
    this.action = action
  }

  process(record: Record<K, V>, context: ProcessorContext<K, V>): MaybePromise<void> {
    const done = this.action(record.value, record.key, this.current.at(record, context))
    if (isPromise(done)) return done.then(() => context.forward(record))
    return context.forward(record)
  }
}
