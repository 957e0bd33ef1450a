import { topicPartitionName, type TopicPartition } from '../../core/topic-partition.ts'
import type { CommittedOffset } from '../port.ts'

/** The offsets that a group has committed, and those that it will have when a transaction ends. */
export class GroupOffsets {
  readonly #committed = new Map<string, CommittedOffset>()
  /** Offsets in transactions that have not ended, by transaction. */
  readonly #pending = new Map<object, readonly CommittedOffset[]>()
  readonly #pendingEnded = new Set<() => void>()

  commit(offsets: readonly CommittedOffset[]): void {
    for (const offset of offsets) {
      this.#committed.set(topicPartitionName(offset.topic, offset.partition), offset)
    }
  }

  /** Notes the offsets of a transaction that is open; they count when it is committed. */
  addPending(transaction: object, offsets: readonly CommittedOffset[]): void {
    this.#pending.set(transaction, [...this.pendingOf(transaction), ...offsets])
  }

  pendingOf(transaction: object): readonly CommittedOffset[] {
    return this.#pending.get(transaction) ?? []
  }

  /** Ends what {@link addPending} began. */
  endPending(transaction: object, committed: boolean): void {
    if (committed) this.commit(this.pendingOf(transaction))
    this.#pending.delete(transaction)
    for (const ended of [...this.#pendingEnded]) ended()
  }

  hasPending(partitions: readonly TopicPartition[]): boolean {
    if (this.#pending.size === 0) return false
    const wanted = new Set(partitions.map((each) => topicPartitionName(each.topic, each.partition)))
    for (const offsets of this.#pending.values()) {
      if (offsets.some((each) => wanted.has(topicPartitionName(each.topic, each.partition)))) {
        return true
      }
    }
    return false
  }

  /** Calls back when a transaction with offsets has ended; returns what ends it. */
  onPendingEnded(ended: () => void): () => void {
    this.#pendingEnded.add(ended)
    return () => this.#pendingEnded.delete(ended)
  }

  committed(partitions: readonly TopicPartition[]): CommittedOffset[] {
    return partitions.flatMap((each) => {
      const offset = this.#committed.get(topicPartitionName(each.topic, each.partition))
      return offset ? [offset] : []
    })
  }

  all(): CommittedOffset[] {
    return [...this.#committed.values()]
  }

  /** A topic that is deleted takes its offsets along: one made later under its name begins anew. */
  forgetTopic(topic: string): void {
    for (const [name, offset] of this.#committed) {
      if (offset.topic === topic) this.#committed.delete(name)
    }
    for (const [transaction, offsets] of this.#pending) {
      const kept = offsets.filter((each) => each.topic !== topic)
      this.#pending.set(transaction, kept)
    }
  }
}
