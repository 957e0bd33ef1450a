import { isPromise, type MaybePromise } from '../../core/maybe-promise.ts'
import type { Record } from '../../core/record.ts'
import type { Processor, ProcessorContext } from '../../topology/processor.ts'
import type { Mapper } from '../callbacks.ts'
import { CurrentRecord } from '../record-context.ts'

/** Gives each record another key. Source: Java's `KStreamImpl.internalSelectKey`. */
export class SelectKeyProcessor<K, V, KOut> implements Processor<K, V, KOut, V> {
  private readonly selector: Mapper<K, V, KOut>
  private readonly current = new CurrentRecord()

  constructor(selector: Mapper<K, V, KOut>) {
    this.selector = selector
  }

  process(record: Record<K, V>, context: ProcessorContext<KOut, V>): MaybePromise<void> {
    const key = this.selector(record.value, record.key, this.current.at(record, context))
    if (isPromise(key)) return this.later(key, record, context)
    return context.forward(record.withKey(key))
  }

  private async later(
    key: Promise<KOut>,
    record: Record<K, V>,
    context: ProcessorContext<KOut, V>,
  ): Promise<void> {
    await context.forward(record.withKey(await key))
  }
}
