import { topicPartitionName, type TopicPartition } from '../../../core/topic-partition.ts'
import type { CommittedOffset, Isolation, PartitionOffset, WaitOptions } from '../../port.ts'
import { codes } from '../protocol/error-codes.ts'
import { earliestTimestamp, latestTimestamp, listOffsets } from '../protocol/list-offsets.ts'
import { offsetFetch } from '../protocol/offset-fetch.ts'
import { protocolError } from '../protocol/protocol-error.ts'
import type { Cluster } from './cluster.ts'
import { Coordinator } from './coordinator.ts'
import { retry } from './retry.ts'
import { Wait } from './wait.ts'

/** A place in a partition by name or time. */
export type OffsetTime = 'earliest' | 'latest' | { readonly timestampMs: number }

const heldByTransaction =
  'a transaction with an offset of the partition is open; where that lasts longer than transactions may, see ' +
  '"A transaction that never ends" in docs/operations.md'

/** Looks up offsets of partitions and of groups. */
export class Offsets {
  readonly #cluster: Cluster
  readonly #coordinators = new Map<string, Coordinator>()

  constructor(cluster: Cluster) {
    this.#cluster = cluster
  }

  async list(
    partitions: readonly TopicPartition[],
    at: OffsetTime,
    isolation: Isolation,
  ): Promise<PartitionOffset[]> {
    if (partitions.length === 0) return []
    const timestamp = timestampOf(at)
    const offsets = await this.#retry('Looking up offsets', undefined, () =>
      this.#listOnce(partitions, timestamp, isolation),
    )
    const later = offsets.filter(({ offset }) => offset < 0)
    // No record is at or after the time: the next one will be.
    const ends = await this.list(later, 'latest', isolation)
    const found = new Map(
      [...offsets, ...ends].map((each) => [topicPartitionName(each.topic, each.partition), each]),
    )
    return partitions.map(({ topic, partition }) =>
      found.get(topicPartitionName(topic, partition))!,
    )
  }

  async committed(
    groupId: string,
    partitions: readonly TopicPartition[],
    options: WaitOptions | undefined,
  ): Promise<CommittedOffset[]> {
    if (partitions.length === 0) return []
    const what = `Fetching the committed offsets of group '${groupId}'`
    return this.#retry(what, options, async () => {
      const coordinator = this.#coordinator(groupId)
      const response = await coordinator.send(offsetFetch(groupId, partitions))
      if (response.errorCode !== codes.none) throw coordinator.failure(response.errorCode, what)
      const committed: CommittedOffset[] = []
      for (const { topic, partition, errorCode, offset, metadata } of response.partitions) {
        if (errorCode !== codes.none) {
          const detail = errorCode === codes.unstableOffsetCommit ? heldByTransaction : undefined
          throw protocolError(errorCode, what, { topicPartition: { topic, partition }, detail })
        }
        if (offset < 0) continue
        committed.push({ topic, partition, offset, ...(metadata === '' ? {} : { metadata }) })
      }
      return committed
    })
  }

  async #listOnce(
    partitions: readonly TopicPartition[],
    timestamp: number,
    isolation: Isolation,
  ): Promise<PartitionOffset[]> {
    const leaders = await this.#cluster.byLeader(partitions)
    const ask = async ([nodeId, led]: [number, TopicPartition[]]): Promise<PartitionOffset[]> => {
      const channel = this.#cluster.sharedChannel(nodeId)
      const results = await channel.send(listOffsets(led, timestamp, isolation)).catch((error) => {
        // The leader may have gone for good.
        for (const { topic } of led) this.#cluster.forget(topic)
        throw error
      })
      return results.map(({ topic, partition, errorCode, offset }) => {
        if (errorCode === codes.none) return { topic, partition, offset }
        this.#cluster.forget(topic)
        const topicPartition = { topic, partition }
        throw protocolError(errorCode, 'Looking up offsets', { topicPartition })
      })
    }
    return (await Promise.all([...leaders].map(ask))).flat()
  }

  #coordinator(groupId: string): Coordinator {
    let coordinator = this.#coordinators.get(groupId)
    if (coordinator === undefined) {
      coordinator = new Coordinator(this.#cluster, 'group', groupId)
      this.#coordinators.set(groupId, coordinator)
    }
    return coordinator
  }

  #retry<T>(
    what: string,
    options: WaitOptions | undefined,
    operation: () => Promise<T>,
  ): Promise<T> {
    const { clock, random, settings } = this.#cluster.environment
    return retry(what, random, new Wait(clock, options, settings.apiTimeoutMs), operation)
  }
}

function timestampOf(at: OffsetTime): number {
  if (at === 'earliest') return earliestTimestamp
  return at === 'latest' ? latestTimestamp : at.timestampMs
}
