import { inOrder } from '../../core/in-order.ts'
import { isPromise, type MaybePromise } from '../../core/maybe-promise.ts'
import type { Record } from '../../core/record.ts'
import type { StoreIterator } from '../../state/store.ts'
import type { ProcessorContext, ProcessorProgress } from '../../topology/processor.ts'
import type { LateOutput } from './late-records.ts'

/** What results are sent of when their windows have closed. Positions are what the store has its windows ordered by. */
export interface ClosingWindows<Entry> {
  readonly storeName: string
  readonly retentionMs: number
  readonly emitIntervalMs: number
  readonly late?: LateOutput | undefined
  /** The lowest position that was not sent yet, where all that had closed by then was. */
  firstMs(sentToMs: number): number
  /** The highest position that has closed by then; below 0 for none. */
  lastMs(closeTimeMs: number): number
  positionMs(entry: Entry): number
  /** All keys' windows from this position on. */
  from(positionMs: number): StoreIterator<Entry>
  result(entry: Entry, record: Record<unknown, unknown>): Record<unknown, unknown>
}

/**
 * Sends each window's result once, when it has closed: at most once an interval of wall-clock time, unless a result
 * would leave the store before.
 *
 * @remarks Source: Java's `AbstractKStreamTimeWindowAggregateProcessor`, where results that leave the store before
 * they are sent are lost.
 */
export class FinalResults<Entry> {
  private readonly windows: ClosingWindows<Entry>
  private progress: ProcessorProgress | undefined
  private context: Pick<ProcessorContext<never, never>, 'onUndo'> | undefined
  private sentToMs = -1
  private nextLookMs = 0
  /** No window that is in the store and was not sent lies before this position. */
  private nextPositionMs = 0

  constructor(windows: ClosingWindows<Entry>) {
    this.windows = windows
  }

  init(context: ProcessorContext<never, never>): void {
    this.context = context
    this.progress = context.progress
    this.sentToMs = this.progress?.get(this.windows.storeName) ?? -1
  }

  /** Notes that a window was written. */
  written(positionMs: number): void {
    if (positionMs >= this.nextPositionMs) return
    this.noteForUndo()
    this.nextPositionMs = positionMs
  }

  /** Sends what would leave the store when a window is written at this position. */
  beforeWrite(
    positionMs: number,
    closeTimeMs: number,
    record: Record<unknown, unknown>,
    context: ProcessorContext,
  ): MaybePromise<void> {
    if (this.nextPositionMs > positionMs - this.windows.retentionMs) return
    return this.send(closeTimeMs, record, context)
  }

  /** Sends what has closed, unless that was looked for a short time ago. */
  whenDue(
    closeTimeMs: number,
    record: Record<unknown, unknown>,
    context: ProcessorContext,
  ): MaybePromise<void> {
    const now = context.currentSystemTimeMs()
    if (now < this.nextLookMs) return
    this.noteForUndo()
    this.nextLookMs = now + this.windows.emitIntervalMs
    return this.send(closeTimeMs, record, context)
  }

  private noteForUndo(): void {
    const { sentToMs, nextLookMs, nextPositionMs } = this
    this.context?.onUndo?.(() => {
      this.sentToMs = sentToMs
      this.nextLookMs = nextLookMs
      this.nextPositionMs = nextPositionMs
    })
  }

  private send(
    closeTimeMs: number,
    record: Record<unknown, unknown>,
    context: ProcessorContext,
  ): MaybePromise<void> {
    if (this.sentToMs >= closeTimeMs) return
    const lastMs = this.windows.lastMs(closeTimeMs)
    if (lastMs < 0) return
    const firstMs = this.sentToMs === -1 ? 0 : this.windows.firstMs(this.sentToMs)
    this.noteForUndo()
    this.sentToMs = closeTimeMs
    this.progress?.set(this.windows.storeName, closeTimeMs)
    if (this.nextPositionMs > lastMs) return
    const iterator = this.windows.from(firstMs)
    this.nextPositionMs = Number.POSITIVE_INFINITY
    return this.sendBatches(iterator, lastMs, record, context)
  }

  private sendBatches(
    iterator: StoreIterator<Entry>,
    lastMs: number,
    record: Record<unknown, unknown>,
    context: ProcessorContext,
  ): MaybePromise<void> {
    for (;;) {
      const batch = iterator.nextBatch()
      if (isPromise(batch)) return this.afterBatch(batch, iterator, lastMs, record, context)
      const sent = this.sendBatch(batch, lastMs, record, context)
      if (isPromise(sent)) {
        return sent.then(() => this.rest(batch, iterator, lastMs, record, context))
      }
      if (this.isLast(batch)) return iterator.close()
    }
  }

  private async afterBatch(
    batch: Promise<readonly Entry[]>,
    iterator: StoreIterator<Entry>,
    lastMs: number,
    record: Record<unknown, unknown>,
    context: ProcessorContext,
  ): Promise<void> {
    const entries = await batch
    await this.sendBatch(entries, lastMs, record, context)
    await this.rest(entries, iterator, lastMs, record, context)
  }

  private rest(
    batch: readonly Entry[],
    iterator: StoreIterator<Entry>,
    lastMs: number,
    record: Record<unknown, unknown>,
    context: ProcessorContext,
  ): MaybePromise<void> {
    if (this.isLast(batch)) return iterator.close()
    return this.sendBatches(iterator, lastMs, record, context)
  }

  /** Whether the windows end with this batch, or go on with some that have not closed. */
  private isLast(batch: readonly Entry[]): boolean {
    return batch.length === 0 || this.nextPositionMs !== Number.POSITIVE_INFINITY
  }

  private sendBatch(
    batch: readonly Entry[],
    lastMs: number,
    record: Record<unknown, unknown>,
    context: ProcessorContext,
  ): MaybePromise<void> {
    const open = batch.findIndex((entry) => this.windows.positionMs(entry) > lastMs)
    if (open !== -1) this.nextPositionMs = this.windows.positionMs(batch[open]!)
    const closed = open === -1 ? batch : batch.slice(0, open)
    return inOrder(closed, (entry) =>
      context.forward(this.windows.result(entry, record), this.windows.late?.updates),
    )
  }
}
