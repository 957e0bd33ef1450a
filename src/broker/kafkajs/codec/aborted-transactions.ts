/** A transaction that was aborted, as a fetch response lists it for the offsets that it brought. */
export interface AbortedTransaction {
  readonly producerId: bigint
  readonly firstOffset: number
}

/**
 * Tells which transactional batches of one fetched run of bytes belong to aborted transactions; batches must be
 * shown to it in log order.
 *
 * Three things are easily missed: the broker lists aborted transactions in the order of their ends, not their
 * beginnings; several may begin within one batch; and only a control batch ends one, whatever a user's record holds.
 *
 * @remarks Source: `org.apache.kafka.clients.consumer.internals.CompletedFetch`.
 */
export class AbortedTransactions {
  readonly #byFirstOffset: readonly AbortedTransaction[]
  readonly #open = new Set<bigint>()
  #next = 0

  constructor(aborted: readonly AbortedTransaction[]) {
    this.#byFirstOffset = [...aborted].sort((a, b) => a.firstOffset - b.firstOffset)
  }

  /** Opens every aborted transaction that begins at or before the last offset of the next batch. */
  reach(lastOffset: number): void {
    const sorted = this.#byFirstOffset
    while (this.#next < sorted.length && sorted[this.#next]!.firstOffset <= lastOffset) {
      this.#open.add(sorted[this.#next]!.producerId)
      this.#next++
    }
  }

  /** Whether a transactional batch of this producer, at the offset reached, was aborted. */
  includes(producerId: bigint): boolean {
    return this.#open.has(producerId)
  }

  /** Takes the abort marker of a producer: what it writes after this is another transaction. */
  end(producerId: bigint): void {
    this.#open.delete(producerId)
  }
}
