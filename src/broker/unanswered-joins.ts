/** So many requests can still be on their way, at the most; those of an hour without a broker are not. */
const most = 3

/**
 * The requests of a static member to be taken in that were not answered. Each of them may take effect late, as another
 * member of the same instance id, and throw out the one that the member became since: the group says then what it says
 * where a second process has the id. So each of them accounts for being thrown out once, and the member comes back. Of
 * two processes that do have the same id, one runs out of such accounts, and ends.
 *
 * Java's consumer takes every such answer for a second process, and ends.
 *
 * @remarks Source: KIP-345; Kafka's `GroupMetadataManager`, which gives each request without a member id a new one.
 */
export class UnansweredJoins {
  #count: number

  /** `count`: of a process before this one. */
  constructor(count = 0) {
    this.#count = count
  }

  note(): void {
    this.#count = Math.min(this.#count + 1, most)
  }

  /** Whether one of them may have taken the place; if so, that one is no account for the next time. */
  accountForFencing(): boolean {
    if (this.#count === 0) return false
    this.#count--
    return true
  }
}
