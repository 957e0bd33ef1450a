import { BrokerError } from '../../../core/errors.ts'
import type { NewTopic, PartitionOffset, TopicDescription } from '../../port.ts'
import { codes } from '../protocol/error-codes.ts'
import { metadata, type MetadataResponse } from '../protocol/metadata.ts'
import { protocolError } from '../protocol/protocol-error.ts'
import {
  createTopics as createTopicsRequest,
  deleteRecords as deleteRecordsRequest,
  deleteTopics as deleteTopicsRequest,
  type TopicResult,
} from '../protocol/topic-requests.ts'
import type { Request } from '../protocol/request.ts'
import type { Cluster } from './cluster.ts'
import { retry } from './retry.ts'
import { Wait } from './wait.ts'

/** Creates, lists, describes and deletes topics. */
export class Topics {
  readonly #cluster: Cluster

  constructor(cluster: Cluster) {
    this.#cluster = cluster
  }

  async describe(names: readonly string[]): Promise<Map<string, TopicDescription>> {
    if (names.length === 0) return new Map()
    return this.#retry(`Describing the topics ${names.join(', ')}`, async () => {
      const { topics } = await this.#cluster.refresh(names)
      const found = new Map<string, TopicDescription>()
      for (const { name, errorCode, partitions } of topics) {
        if (errorCode === codes.unknownTopicOrPartition) continue
        if (errorCode !== codes.none) throw protocolError(errorCode, `Describing topic '${name}'`)
        found.set(name, { name, partitions: partitions.length })
      }
      return found
    })
  }

  async list(): Promise<string[]> {
    const { topics } = await this.#retry('Listing the topics', () => this.#cluster.refresh(null))
    return topics.filter(({ internal }) => !internal).map(({ name }) => name)
  }

  async create(topics: readonly NewTopic[]): Promise<void> {
    if (topics.length === 0) return
    const names = topics.map(({ name }) => name)
    const { requestTimeoutMs } = this.#cluster.environment.settings
    let left = topics
    await this.#retry(`Creating the topics ${names.join(', ')}`, async () => {
      const results = await this.#sendToController(createTopicsRequest(left, requestTimeoutMs))
      const failed = results.filter(
        ({ errorCode }) => errorCode !== codes.none && errorCode !== codes.topicAlreadyExists,
      )
      // What was created now would be reported as existing at the next attempt, which is as good.
      left = topics.filter(({ name }) => failed.some(({ topic }) => topic === name))
      throwFirst('Creating', failed)
    })
    await this.#untilEverywhere(names, (topicsSeen) =>
      names.every((name) =>
        topicsSeen.some(
          (topic) =>
            topic.name === name &&
            topic.errorCode === codes.none &&
            topic.partitions.every(({ leader }) => leader >= 0),
        ),
      ),
    )
  }

  async delete(names: readonly string[]): Promise<void> {
    if (names.length === 0) return
    const { requestTimeoutMs } = this.#cluster.environment.settings
    await this.#retry(`Deleting the topics ${names.join(', ')}`, async () => {
      const results = await this.#sendToController(deleteTopicsRequest(names, requestTimeoutMs))
      throwFirst(
        'Deleting',
        results.filter(
          ({ errorCode }) =>
            errorCode !== codes.none && errorCode !== codes.unknownTopicOrPartition,
        ),
      )
    })
    await this.#untilEverywhere(names, (topicsSeen) =>
      topicsSeen.every(({ errorCode }) => errorCode === codes.unknownTopicOrPartition),
    )
  }

  async deleteRecords(before: readonly PartitionOffset[]): Promise<void> {
    if (before.length === 0) return
    const { requestTimeoutMs } = this.#cluster.environment.settings
    await this.#retry('Deleting records', async () => {
      const leaders = await this.#cluster.byLeader(before)
      const send = async ([nodeId, offsets]: [number, PartitionOffset[]]): Promise<void> => {
        const request = deleteRecordsRequest(offsets, requestTimeoutMs)
        const results = await this.#cluster
          .sharedChannel(nodeId)
          .send(request)
          .catch((error) => {
            // The leader may have gone for good.
            for (const { topic } of offsets) this.#cluster.forget(topic)
            throw error
          })
        for (const { errorCode, ...topicPartition } of results) {
          if (errorCode === codes.none) continue
          this.#cluster.forget(topicPartition.topic)
          throw protocolError(errorCode, 'Deleting records', { topicPartition })
        }
      }
      await Promise.all([...leaders].map(send))
    })
  }

  /** Waits until every broker's metadata say so: each hears of a change at a time of its own. */
  async #untilEverywhere(
    names: readonly string[],
    done: (topics: MetadataResponse['topics']) => boolean,
  ): Promise<void> {
    await this.#retry(`Waiting for the topics ${names.join(', ')}`, async () => {
      await this.#cluster.refresh(names)
      const ask = (nodeId: number): Promise<MetadataResponse> =>
        this.#cluster.sharedChannel(nodeId).send(metadata(names))
      const responses = await Promise.all(this.#cluster.brokerIds().map(ask))
      if (responses.every(({ topics }) => done(topics))) return
      throw new BrokerError(
        `Not every broker has heard yet of the change of the topics ${names.join(', ')}.`,
        { retriable: true },
      )
    })
  }

  async #sendToController<Response>(request: Request<Response>): Promise<Response> {
    if (this.#cluster.controllerId() < 0) await this.#cluster.refresh([])
    const controller = this.#cluster.controllerId()
    try {
      return await this.#cluster.sharedChannel(controller).send(request)
    } catch (error) {
      await this.#cluster.refresh([])
      throw error
    }
  }

  #retry<T>(what: string, operation: () => Promise<T>): Promise<T> {
    const { clock, random, settings } = this.#cluster.environment
    return retry(what, random, new Wait(clock, undefined, settings.apiTimeoutMs), operation)
  }
}

function throwFirst(doing: string, failed: readonly TopicResult[]): void {
  const first = failed[0]
  if (first === undefined) return
  const { topic, errorCode, errorMessage } = first
  throw protocolError(errorCode, `${doing} topic '${topic}'`, { detail: errorMessage })
}
