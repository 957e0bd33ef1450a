import type { Clock } from '../../../core/clock.ts'
import {
  BrokerError,
  BrokerUnavailableError,
  LifecycleError,
  UnknownTopicError,
} from '../../../core/errors.ts'
import type { Logger } from '../../../core/logger.ts'
import type { Random } from '../../../core/random.ts'
import type { TopicPartition } from '../../../core/topic-partition.ts'
import { parseAddress } from '../check-options.ts'
import type { KafkajsSettings } from '../options.ts'
import type { FinalizedFeatures } from '../protocol/api-versions.ts'
import { codes } from '../protocol/error-codes.ts'
import { metadata, type BrokerAddress, type MetadataResponse } from '../protocol/metadata.ts'
import { protocolError } from '../protocol/protocol-error.ts'
import type { Request } from '../protocol/request.ts'
import { BrokerConnection } from '../transport/broker-connection.ts'
import { Channel } from '../transport/channel.ts'

/** What the parts of the adapter share. */
export interface ClusterEnvironment {
  readonly settings: KafkajsSettings
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
}

/**
 * What is known of the cluster: brokers, and who leads which partition. Opens channels to its brokers.
 *
 * Requests on one connection are answered in order, and some wait for long: whoever sends such requests has channels
 * of its own.
 */
export class Cluster {
  readonly environment: ClusterEnvironment
  readonly #brokers = new Map<number, BrokerAddress>()
  /** Leader by partition, −1 where there is none, of the topics asked for so far. */
  readonly #leaders = new Map<string, number[]>()
  readonly #channels = new Set<Channel>()
  /** For short requests, by address. */
  readonly #shared = new Map<string, Channel>()
  #features: FinalizedFeatures = { epoch: -1, levels: new Map() }
  #controllerId = -1
  #closed = false
  /** Milliseconds for which brokers wanted no request, over all connections. */
  throttledMs = 0

  constructor(environment: ClusterEnvironment) {
    this.environment = environment
  }

  /** A lane of its own to a broker, found by its number, which may move to another address. */
  channel(nodeId: number): Channel {
    const channel = new Channel(() => {
      const broker = this.#brokers.get(nodeId)
      if (broker !== undefined) return this.#open(broker.host, broker.port)
      return Promise.reject(unknownBroker(nodeId))
    })
    this.#channels.add(channel)
    return channel
  }

  /** Gives a channel back; what waits on it is rejected with the reason. */
  release(channel: Channel, reason?: Error): void {
    channel.close(reason)
    this.#channels.delete(channel)
  }

  /** The channel that short requests to a broker share. */
  sharedChannel(nodeId: number): Channel {
    const broker = this.#brokers.get(nodeId)
    if (broker === undefined) return new Channel(() => Promise.reject(unknownBroker(nodeId)))
    return this.#sharedChannelTo(broker.host, broker.port)
  }

  /** The level of a feature that is in force in the cluster, as a broker last said; 0 where it is not. */
  featureLevel(name: string): number {
    return this.#features.levels.get(name) ?? 0
  }

  brokerIds(): number[] {
    return [...this.#brokers.keys()]
  }

  /** The broker that takes requests to create and delete topics. */
  controllerId(): number {
    return this.#controllerId
  }

  /** Sends a request that any broker can answer, to the first that does. */
  async sendToAny<Response>(request: Request<Response>): Promise<Response> {
    this.#checkOpen()
    const failures: Error[] = []
    for (const { host, port } of this.#candidates()) {
      try {
        return await this.#sharedChannelTo(host, port).send(request)
      } catch (error) {
        if (!(error instanceof BrokerUnavailableError)) throw error
        failures.push(error)
      }
    }
    const reasons = failures.map((failure) => failure.message).join('; ')
    throw new BrokerUnavailableError(`Kafka cannot be reached: ${reasons}.`, {
      cause: failures.length === 1 ? failures[0] : new AggregateError(failures),
      retriable: true,
    })
  }

  /** Asks for the brokers and these topics anew. Topics that do not exist come back with their error code. */
  async refresh(topics: readonly string[] | null): Promise<MetadataResponse> {
    const response = await this.sendToAny(metadata(topics))
    this.#brokers.clear()
    for (const broker of response.brokers) this.#brokers.set(broker.nodeId, broker)
    this.#controllerId = response.controllerId
    for (const { name, errorCode, partitions } of response.topics) {
      if (errorCode !== codes.none) {
        this.#leaders.delete(name)
        continue
      }
      const leaders: number[] = []
      for (const { partition, leader } of partitions) leaders[partition] = leader
      this.#leaders.set(name, leaders)
    }
    return response
  }

  /** Leaders of a topic as last heard, by partition; undefined where the topic is not known. */
  leadersOf(topic: string): readonly number[] | undefined {
    return this.#leaders.get(topic)
  }

  /** Forgets who leads a topic's partitions, after a broker said that it does not. */
  forget(topic: string): void {
    this.#leaders.delete(topic)
  }

  /**
   * Groups partitions by the broker that leads them. Throws `UnknownTopicError` where a topic or partition does not
   * exist, a retriable `BrokerError` where one has no leader at the moment.
   */
  async byLeader<T extends TopicPartition>(partitions: readonly T[]): Promise<Map<number, T[]>> {
    this.#checkOpen()
    const unknown = new Set(
      partitions.filter(({ topic }) => !this.#leaders.has(topic)).map(({ topic }) => topic),
    )
    if (unknown.size > 0) await this.#refreshKnown([...unknown])
    const leaders = new Map<number, T[]>()
    for (const partition of partitions) {
      const leader = this.#leaderOf(partition)
      const same = leaders.get(leader)
      if (same === undefined) leaders.set(leader, [partition])
      else same.push(partition)
    }
    return leaders
  }

  close(): void {
    this.#closed = true
    for (const channel of this.#channels) channel.close()
    for (const channel of this.#shared.values()) channel.close()
    this.#channels.clear()
    this.#shared.clear()
  }

  async #refreshKnown(topics: readonly string[]): Promise<void> {
    const response = await this.refresh(topics)
    for (const { name, errorCode } of response.topics) {
      if (errorCode === codes.none) continue
      if (errorCode === codes.unknownTopicOrPartition) throw unknownTopic(name)
      throw protocolError(errorCode, `Looking up topic '${name}'`)
    }
  }

  #leaderOf({ topic, partition }: TopicPartition): number {
    const leader = this.#leaders.get(topic)?.[partition]
    if (leader === undefined) {
      const count = this.#leaders.get(topic)?.length ?? 0
      this.forget(topic)
      throw new UnknownTopicError(`Topic '${topic}' has ${count} partitions`, {
        topicPartition: { topic, partition },
        brokerCode: codes.unknownTopicOrPartition,
      })
    }
    if (leader < 0) {
      this.forget(topic)
      throw new BrokerError('The partition has no leader at the moment', {
        topicPartition: { topic, partition },
        brokerCode: codes.leaderNotAvailable,
        retriable: true,
      })
    }
    return leader
  }

  /** Known brokers first, those with an open connection before the others; then the addresses of the options. */
  #candidates(): { host: string; port: number }[] {
    const known = [...this.#brokers.values()]
    const isOpen = ({ host, port }: BrokerAddress): boolean =>
      this.#shared.get(`${host}:${port}`)?.connected === true
    const all = [
      ...known.filter(isOpen),
      ...known.filter((broker) => !isOpen(broker)),
      ...this.environment.settings.brokers.map(parseAddress),
    ]
    return [...new Map(all.map((address) => [`${address.host}:${address.port}`, address])).values()]
  }

  #sharedChannelTo(host: string, port: number): Channel {
    const key = `${host}:${port}`
    let channel = this.#shared.get(key)
    if (channel === undefined) {
      channel = new Channel(() => this.#open(host, port))
      this.#shared.set(key, channel)
    }
    return channel
  }

  #checkOpen(): void {
    if (this.#closed) throw new LifecycleError('The client of this broker is closed.')
  }

  async #open(host: string, port: number): Promise<BrokerConnection> {
    this.#checkOpen()
    return BrokerConnection.open(host, port, {
      ...this.environment,
      onThrottled: (ms) => (this.throttledMs += ms),
      onFeatures: (features) => {
        if (features.epoch >= this.#features.epoch) this.#features = features
      },
    })
  }
}

/** The error of a topic that must exist and does not. */
export function unknownTopic(topic: string): UnknownTopicError {
  return new UnknownTopicError(`Topic '${topic}' does not exist; create it, or mend its name.`, {
    brokerCode: codes.unknownTopicOrPartition,
  })
}

function unknownBroker(nodeId: number): BrokerUnavailableError {
  const message = `Broker ${nodeId} is not, or no longer, among the brokers of the cluster.`
  return new BrokerUnavailableError(message, { retriable: true })
}
