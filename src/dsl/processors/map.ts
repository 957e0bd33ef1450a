import { isPromise, type MaybePromise } from '../../core/maybe-promise.ts'
import { Record } from '../../core/record.ts'
import type { Processor, ProcessorContext } from '../../topology/processor.ts'
import type { KeyValue, Mapper } from '../callbacks.ts'
import { CurrentRecord } from '../record-context.ts'

/** Gives each record another key and value. Source: Java's `KStreamMap`. */
export class MapProcessor<K, V, KOut, VOut> implements Processor<K, V, KOut, VOut> {
  private readonly mapper: Mapper<K, V, KeyValue<KOut, VOut>>
  private readonly current = new CurrentRecord()

  constructor(mapper: Mapper<K, V, KeyValue<KOut, VOut>>) {
    this.mapper = mapper
  }

  process(record: Record<K, V>, context: ProcessorContext<KOut, VOut>): MaybePromise<void> {
    const pair = this.mapper(record.value, record.key, this.current.at(record, context))
    if (isPromise(pair)) return this.later(pair, record, context)
    return context.forward(replaced(record, pair))
  }

  private async later(
    pair: Promise<KeyValue<KOut, VOut>>,
    record: Record<K, V>,
    context: ProcessorContext<KOut, VOut>,
  ): Promise<void> {
    await context.forward(replaced(record, await pair))
  }
}

function replaced<KOut, VOut>(
  record: Record<unknown, unknown>,
  pair: KeyValue<KOut, VOut>,
): Record<KOut, VOut> {
  return new Record(pair.key, pair.value, record.timestampMs, record.headers)
}
