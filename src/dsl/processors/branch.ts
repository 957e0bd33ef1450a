import { isPromise, type MaybePromise } from '../../core/maybe-promise.ts'
import type { Record } from '../../core/record.ts'
import type { Processor, ProcessorContext } from '../../topology/processor.ts'
import type { Predicate } from '../callbacks.ts'
import { CurrentRecord } from '../record-context.ts'

/** The branches of a split. A record goes to the first whose predicate holds, else to the default one if any. */
export interface Branches<K, V> {
  readonly predicates: readonly Predicate<K, V>[]
  /** Node names, by predicate; a name more than predicates is the default branch. */
  readonly children: readonly string[]
}

/** Sends each record to one of its children. Source: Java's `KStreamBranch`. */
export class BranchProcessor<K, V> implements Processor<K, V, K, V> {
  private readonly branches: Branches<K, V>
  private readonly current = new CurrentRecord()

  constructor(branches: Branches<K, V>) {
    this.branches = branches
  }

  process(record: Record<K, V>, context: ProcessorContext<K, V>): MaybePromise<void> {
    return this.from(0, record, context)
  }

  private from(
    first: number,
    record: Record<K, V>,
    context: ProcessorContext<K, V>,
  ): MaybePromise<void> {
    const { predicates, children } = this.branches
    const current = this.current.at(record, context)
    for (let i = first; i < predicates.length; i++) {
      const answer = predicates[i]!(record.value, record.key, current)
      if (isPromise(answer)) {
        return answer.then((yes) =>
          yes ? context.forward(record, children[i]!) : this.from(i + 1, record, context),
        )
      }
      if (answer) return context.forward(record, children[i]!)
    }
    const otherwise = children[predicates.length]
    if (otherwise !== undefined) return context.forward(record, otherwise)
  }
}
