import type { Headers } from '../core/headers.ts'
import type { RecordFate } from './held-back/held-back.ts'
import type { InputRecord, TaskScope } from './task-scope.ts'

/** An input record with its bytes copied, to outlive the batch that it came in. */
class KeptInput implements InputRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly timestampMs: number
  readonly headers: Headers
  readonly #key: Buffer | null
  readonly #value: Buffer | null

  constructor(input: InputRecord) {
    this.topic = input.topic
    this.partition = input.partition
    this.offset = input.offset
    this.timestampMs = input.timestampMs
    this.headers = input.headers
    this.#key = input.keyBytes()
    this.#value = input.valueBytes()
  }

  keyBytes(): Buffer | null {
    return this.#key
  }

  valueBytes(): Buffer | null {
    return this.#value
  }
}

/** What a task has in process: the record, or what else is the cause, and the times as of then. */
export class ScopeState {
  readonly #input: InputRecord | undefined
  readonly #punctuationMs: number | undefined
  readonly #timer: TaskScope['timer']
  readonly #held: TaskScope['held']
  readonly #fate: RecordFate | undefined
  readonly #recordTimestampMs: number
  readonly #streamTimeMs: number

  private constructor(scope: TaskScope, input: InputRecord | undefined) {
    this.#input = input
    this.#punctuationMs = scope.punctuationMs
    this.#timer = scope.timer
    this.#held = scope.held
    this.#fate = scope.heldBack?.fate
    this.#recordTimestampMs = scope.storeClock.recordTimestampMs
    this.#streamTimeMs = scope.storeClock.streamTimeMs
  }

  /** As it is now, to be put back before the task goes on. */
  static of(scope: TaskScope): ScopeState {
    return new ScopeState(scope, scope.input)
  }

  /** As it is now, to be put back when the task is at other records. */
  static kept(scope: TaskScope): ScopeState {
    return new ScopeState(scope, scope.input && new KeptInput(scope.input))
  }

  putBack(scope: TaskScope): void {
    scope.input = this.#input
    scope.punctuationMs = this.#punctuationMs
    scope.timer = this.#timer
    scope.held = this.#held
    if (scope.heldBack) scope.heldBack.fate = this.#fate
    scope.storeClock.recordTimestampMs = this.#recordTimestampMs
    scope.storeClock.streamTimeMs = this.#streamTimeMs
  }
}
