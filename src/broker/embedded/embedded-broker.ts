import type { AsyncCloseable } from '../../core/disposable.ts'
import { LifecycleError } from '../../core/errors.ts'
import type { BrokerConnector, BrokerEnvironment } from '../connector.ts'
import type { EmbeddedBrokerOptions } from './broker-options.ts'
import { BrokerState } from './broker-state.ts'
import { ClientSession } from './client-session.ts'
import { EmbeddedClient } from './embedded-client.ts'
import type { EmbeddedTopic } from './embedded-topic.ts'
import type { PartitionLog } from './partition-log.ts'

/**
 * A broker within the process: partitions, groups, transactions and compaction as Kafka has them, for first steps,
 * tests and development. It serves this process only; production is Kafka.
 *
 * Workers of the same process that are given the same instance share it. Closing a client leaves it as it is.
 */
export class EmbeddedBroker implements BrokerConnector, AsyncCloseable {
  readonly name = 'embedded'
  readonly isInProcess = true
  readonly #state: BrokerState
  readonly #sessions = new Set<ClientSession>()
  #closed = false

  /**
   * Opens the broker's folder where it has one.
   *
   * @throws BrokerError where another broker has the folder, or what lies in it is damaged
   */
  constructor(options: EmbeddedBrokerOptions = {}) {
    this.#state = new BrokerState(options)
  }

  /** A new client. Throws `LifecycleError` after {@link close}. */
  open(environment: Partial<BrokerEnvironment> = {}): EmbeddedClient {
    if (this.#closed) throw new LifecycleError('The embedded broker is closed')
    const session = new ClientSession(this.#state, environment.clientId ?? 'client')
    this.#sessions.add(session)
    session.onEnd(() => this.#sessions.delete(session))
    return new EmbeddedClient(session)
  }

  /** Ends all clients and, where there is a folder, makes sure that everything is in it. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    const closed = await Promise.allSettled([...this.#sessions].map((session) => session.close()))
    this.#state.close()
    const failed = closed.find((each) => each.status === 'rejected')
    if (failed) throw failed.reason
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /**
   * Gives a topic more partitions: so many in all. Records that are there stay where they are.
   *
   * @throws UnknownTopicError where there is no such topic; BrokerError where it has as many partitions or more
   * @remarks Source: Kafka's `Admin.createPartitions`.
   */
  addPartitions(topic: string, partitions: number): void {
    this.#state.addPartitions(topic, partitions)
  }

  /**
   * Compacts a topic now, whatever its cleanup policy is; tombstones stay for its `delete.retention.ms`, 24 hours
   * where it has none. Topics with the policy `compact` are compacted by themselves as they grow.
   *
   * @throws UnknownTopicError where there is no such topic
   */
  compact(topic: string): void {
    this.#state.topic(topic).compact(this.#state.clock.now())
  }

  /** @internal Throws `UnknownTopicError`. */
  topic(name: string): EmbeddedTopic {
    return this.#state.topic(name)
  }

  /** @internal Throws `UnknownTopicError`. */
  partition(topic: string, partition: number): PartitionLog {
    return this.#state.partition(topic, partition)
  }
}
