import type { ProcessorContext, ProcessorProgress } from '../../topology/processor.ts'

/**
 * The highest event time that one operator has seen: by it windows close. It is kept over restarts, so that a record
 * which is late before one is late after it.
 *
 * @remarks Source: `observedStreamTime` of Java's windowed aggregations, which begins anew at each restart.
 */
export class ObservedTime {
  /** −1 before the first record. */
  ms = -1
  private readonly name: string
  private progress: ProcessorProgress | undefined
  private context: Pick<ProcessorContext<never, never>, 'onUndo'> | undefined

  constructor(operator: string) {
    this.name = `${operator}-stream-time`
  }

  init(context: ProcessorContext<never, never>): void {
    this.context = context
    this.progress = context.progress
    this.ms = this.progress?.get(this.name) ?? -1
  }

  observe(timestampMs: number): void {
    if (timestampMs <= this.ms) return
    const before = this.ms
    this.context?.onUndo?.(() => {
      this.ms = before
    })
    this.ms = timestampMs
    this.progress?.set(this.name, timestampMs)
  }
}
