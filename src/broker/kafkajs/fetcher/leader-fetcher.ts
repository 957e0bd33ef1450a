import { prepareCodecs } from '../codec/compression.ts'
import type { Isolation } from '../../port.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { codes } from '../protocol/error-codes.ts'
import { fetch, type FetchResponsePartition } from '../protocol/fetch.ts'
import { protocolError } from '../protocol/protocol-error.ts'
import type { Channel } from '../transport/channel.ts'
import type { PartitionState } from './partition-state.ts'

/** How long the second lane lets the broker wait; short, so that its partitions soon join the others again. */
const shortWaitMs = 25

/** What a leader's requests need of the fetcher that they belong to. */
export interface LeaderFetcherOwner {
  readonly isolation: Isolation
  readonly maxWaitMs: number
  readonly maxPartitionBytes: number
  /** How much one request may bring now; 0 where there is no room. */
  requestBytes(): number
  /** How much to ask of one partition. */
  partitionBytes(): number
  received(state: PartitionState, response: FetchResponsePartition): void
  failed(states: readonly PartitionState[], error: Error): void
}

interface Lane {
  readonly channel: Channel
  busy: boolean
}

/**
 * Fetches from one broker the partitions that it leads.
 *
 * One request at a time would do, were it not for the broker's waiting: while a request for quiet partitions is held
 * there, a partition whose buffer has just been emptied, or that was just assigned, would have to wait as well. Such
 * partitions go by a second lane, where the broker waits only briefly, and join the first lane once that returns.
 */
export class LeaderFetcher {
  readonly nodeId: number
  readonly partitions: Set<PartitionState> = new Set()
  readonly #cluster: Cluster
  readonly #owner: LeaderFetcherOwner
  readonly #long: Lane
  readonly #short: Lane
  #longCameBackEmpty = false
  #closed = false

  constructor(cluster: Cluster, nodeId: number, owner: LeaderFetcherOwner) {
    this.nodeId = nodeId
    this.#cluster = cluster
    this.#owner = owner
    this.#long = { channel: cluster.channel(nodeId), busy: false }
    this.#short = { channel: cluster.channel(nodeId), busy: false }
  }

  /** Sends what may be sent now. */
  pump(): void {
    const lane = this.#freeLane()
    if (this.#closed || lane === undefined) return
    const wanted = [...this.partitions].filter((state) => state.wantsFetch)
    if (wanted.length === 0) return
    const maxBytes = this.#owner.requestBytes()
    if (maxBytes === 0) return
    void this.#request(lane, wanted, maxBytes)
  }

  close(): void {
    this.#closed = true
    this.#cluster.release(this.#long.channel)
    this.#cluster.release(this.#short.channel)
  }

  #freeLane(): Lane | undefined {
    if (this.#long.busy) return this.#short.busy ? undefined : this.#short
    // Nothing is lost by letting the partitions of the short lane come along, once it is back.
    if (this.#short.busy && this.#longCameBackEmpty) return undefined
    return this.#long
  }

  async #request(lane: Lane, states: readonly PartitionState[], maxBytes: number): Promise<void> {
    lane.busy = true
    for (const state of states) state.inRequest = true
    const { isolation, maxWaitMs } = this.#owner
    const share = this.#owner.partitionBytes()
    try {
      await prepareCodecs()
      const response = await lane.channel.send(
        fetch({
          isolation,
          maxWaitMs: lane === this.#long ? maxWaitMs : Math.min(maxWaitMs, shortWaitMs),
          maxBytes,
          positions: states.map(({ topic, partition, position, maxBytes: wanted }) => ({
            topic,
            partition,
            offset: position,
            // More than is asked of the others where not even one batch fitted.
            maxBytes: wanted > this.#owner.maxPartitionBytes ? wanted : share,
          })),
        }),
      )
      if (response.errorCode !== codes.none) {
        throw protocolError(response.errorCode, `Fetching from broker ${this.nodeId}`)
      }
      this.#deliver(lane, states, response.partitions)
    } catch (error) {
      if (!this.#closed) this.#owner.failed(states, error as Error)
    } finally {
      lane.busy = false
      for (const state of states) state.inRequest = false
      this.pump()
    }
  }

  #deliver(
    lane: Lane,
    states: readonly PartitionState[],
    responses: readonly FetchResponsePartition[],
  ): void {
    let empty = true
    const asked = new Map(states.map((state) => [`${state.topic} ${state.partition}`, state]))
    for (const response of responses) {
      const state = asked.get(`${response.topic} ${response.partition}`)
      if (state === undefined) continue
      if (response.end > response.start) {
        empty = false
        // The broker fills a response in the order asked for: who got something goes to the end.
        if (this.partitions.delete(state)) this.partitions.add(state)
      }
      this.#owner.received(state, response)
    }
    if (lane === this.#long) this.#longCameBackEmpty = empty
  }
}
