import { keyIdentity } from '../core/key-identity.ts'
import { isPromise, type MaybePromise } from '../core/maybe-promise.ts'
import type {
  CallAttempt,
  ConcurrentCalls,
  ConcurrentCallsOptions,
} from '../topology/concurrent-calls.ts'
import type { CallRunner } from './call-runner.ts'

/** So many calls are held for each that may be in flight: those that wait for their key, and results for their turn. */
const heldPerCall = 4

/** What a queue needs of the processor that it serves. */
export interface CallQueueOptions {
  readonly calls: ConcurrentCallsOptions
  readonly runner: CallRunner
  /** Notes what the task has in process; gives what has it there again while it runs something. */
  keep(): (run: () => MaybePromise<void>) => MaybePromise<void>
  /** Called when a call has ended. */
  onEnded(): void
}

/** A call, from when it is asked for to when its result went on. */
interface HeldCall {
  readonly key: string | undefined
  readonly run: () => Promise<void>
  readonly deliver: () => MaybePromise<void>
  ended: boolean
}

/** The calls of one processor in one task, by the order in which they were asked for. */
export class CallQueue implements ConcurrentCalls {
  readonly #options: CallQueueOptions
  readonly #held: HeldCall[] = []
  /** Calls that wait for one of their key, by key. */
  readonly #behind = new Map<string, HeldCall[]>()
  /** Calls that may be made as soon as others end. */
  readonly #startable: HeldCall[] = []
  /** Calls that ended, in the order in which they did. */
  readonly #ended: HeldCall[] = []
  #running = 0
  #closed = false
  /** Those who wait for a call to end. */
  #waiting: (() => void)[] = []

  constructor(options: CallQueueOptions) {
    this.#options = options
  }

  /** How many calls were asked for whose results have not gone on. */
  get held(): number {
    return this.#held.length
  }

  /** Whether there is a result whose turn it is. */
  get ready(): boolean {
    if (this.#options.calls.orderedBy === 'key') return this.#ended.length > 0
    return this.#held[0]?.ended ?? false
  }

  start<T>(
    key: unknown,
    call: (attempt: CallAttempt) => MaybePromise<T>,
    finish: (result: T) => MaybePromise<void>,
  ): MaybePromise<void> {
    const keeping = this.#options.keep()
    const add = (): void => this.#add(key, call, (result) => keeping(() => finish(result())))
    const room = this.#makeRoom()
    if (isPromise(room)) return room.then(add)
    add()
  }

  /** Hands the next result on, whose turn must have come. */
  deliver(): MaybePromise<void> {
    const next = this.#options.calls.orderedBy === 'key' ? this.#ended[0] : this.#held[0]
    if (!next?.ended) return undefined
    this.#ended.splice(this.#ended.indexOf(next), 1)
    this.#held.splice(this.#held.indexOf(next), 1)
    return next.deliver()
  }

  /** Resolves when a call ends, or when the queue is closed. */
  async progress(): Promise<void> {
    if (this.#closed || this.#held.length === 0) return
    await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  /** Forgets all calls. */
  close(): void {
    this.#closed = true
    this.#held.length = 0
    this.#ended.length = 0
    this.#startable.length = 0
    this.#behind.clear()
    this.#tellWaiting()
  }

  /** Hands on results that are there until another call may be held; waits for them where there are none. */
  #makeRoom(): MaybePromise<void> {
    const most = heldPerCall * this.#options.calls.concurrency
    while (!this.#closed && (this.ready || this.#held.length >= most)) {
      const done = this.ready ? this.deliver() : this.progress()
      if (isPromise(done)) return done.then(() => this.#makeRoom())
    }
  }

  #add<T>(
    key: unknown,
    call: (attempt: CallAttempt) => MaybePromise<T>,
    deliver: (result: () => T) => MaybePromise<void>,
  ): void {
    if (this.#closed) return
    let result: () => T = () => {
      throw new Error('The call has not ended')
    }
    const held: HeldCall = {
      key: key === null || key === undefined ? undefined : keyIdentity(key),
      ended: false,
      deliver: () => deliver(result),
      run: () =>
        this.#options.runner.run(call).then(
          (value) => {
            result = () => value
          },
          (error: unknown) => {
            result = () => {
              throw error
            }
          },
        ),
    }
    this.#held.push(held)
    const before = held.key === undefined ? undefined : this.#behind.get(held.key)
    if (before) {
      before.push(held)
      return
    }
    if (held.key !== undefined) this.#behind.set(held.key, [])
    this.#startable.push(held)
    this.#startMore()
  }

  #startMore(): void {
    while (this.#running < this.#options.calls.concurrency) {
      const next = this.#startable.shift()
      if (!next) return
      this.#running++
      void next.run().then(() => this.#end(next))
    }
  }

  #end(call: HeldCall): void {
    this.#running--
    if (this.#closed) return
    call.ended = true
    this.#ended.push(call)
    if (call.key !== undefined) {
      const next = this.#behind.get(call.key)?.shift()
      if (next) this.#startable.push(next)
      else this.#behind.delete(call.key)
    }
    this.#startMore()
    this.#tellWaiting()
    this.#options.onEnded()
  }

  #tellWaiting(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const tell of waiting) tell()
  }
}
