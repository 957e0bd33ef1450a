import type { Headers } from '../core/headers.ts'
import type { Record } from '../core/record.ts'
import type { ProcessorContext } from '../topology/processor.ts'

/**
 * What a callback may know of the record beside its value and key. Valid until the callback returns or its promise
 * settles.
 *
 * @remarks Source: Java's `RecordContext`.
 */
export interface RecordContext {
  /** Event time in milliseconds since the epoch. */
  readonly timestampMs: number
  readonly headers: Headers
  /** Where the input record was read; undefined in punctuations. */
  readonly topic: string | undefined
  readonly partition: number | undefined
  readonly offset: number | undefined
  /** The highest event time that the task has seen, in milliseconds since the epoch. */
  readonly streamTimeMs: number
}

/** Where a record was read, and how far time has come: what a processor's context knows of it. */
export type RecordPlace = Pick<
  ProcessorContext<never, never>,
  'recordMetadata' | 'currentStreamTimeMs'
>

/** One per operator and task, pointed at each record in turn, so that a call costs no allocation. */
export class CurrentRecord implements RecordContext {
  private record: Record<unknown, unknown> | undefined
  private context: RecordPlace | undefined

  at(record: Record<unknown, unknown>, context: RecordPlace): this {
    this.record = record
    this.context = context
    return this
  }

  get timestampMs(): number {
    return this.record?.timestampMs ?? -1
  }

  get headers(): Headers {
    return this.record?.headers ?? []
  }

  get topic(): string | undefined {
    return this.context?.recordMetadata?.topic
  }

  get partition(): number | undefined {
    return this.context?.recordMetadata?.partition
  }

  get offset(): number | undefined {
    return this.context?.recordMetadata?.offset
  }

  get streamTimeMs(): number {
    return this.context?.currentStreamTimeMs() ?? -1
  }
}
