import { silentLogger } from '../../src/core/logger.ts'
import type { MaybePromise } from '../../src/core/maybe-promise.ts'
import type { Record } from '../../src/core/record.ts'
import type { StateStore, StoreRef } from '../../src/state/store.ts'
import type { Cancellable, ProcessorContext } from '../../src/topology/processor.ts'

/** What a processor sees of a task, with everything that it forwards or skips kept for the test. */
export class FakeContext implements ProcessorContext {
  readonly applicationId = 'test'
  readonly taskId = { subTopology: 0, partition: 0 }
  readonly logger = silentLogger
  readonly recordMetadata = { topic: 'in', partition: 1, offset: 7 }
  readonly forwarded: unknown[] = []
  readonly dropped: string[] = []
  private readonly stores: ReadonlyMap<string, StateStore>

  constructor(...stores: readonly StateStore[]) {
    this.stores = new Map(stores.map((store) => [store.name, store]))
  }

  currentStreamTimeMs(): number {
    return 99
  }

  currentSystemTimeMs(): number {
    return 0
  }

  forward(record: Record<unknown, unknown>, child?: string): MaybePromise<void> {
    const { key, value, timestampMs } = record
    this.forwarded.push([key, value, timestampMs, ...(child === undefined ? [] : [child])])
  }

  store<S extends StateStore>(ref: StoreRef<S> | string): S {
    return this.stores.get(typeof ref === 'string' ? ref : ref.storeName) as S
  }

  schedule(): Cancellable {
    return { cancel() {} }
  }

  timers(): never {
    throw new Error('no timers here')
  }

  concurrentCalls(): never {
    throw new Error('no calls here')
  }

  commit(): void {}

  recordDropped(reason: string): void {
    this.dropped.push(reason)
  }
}
