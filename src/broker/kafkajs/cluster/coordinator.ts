import { BrokerUnavailableError, type BrokerError } from '../../../core/errors.ts'
import { codes } from '../protocol/error-codes.ts'
import { findCoordinator, type CoordinatorType } from '../protocol/find-coordinator.ts'
import { protocolError } from '../protocol/protocol-error.ts'
import type { Request } from '../protocol/request.ts'
import type { Channel } from '../transport/channel.ts'
import type { Cluster } from './cluster.ts'

/** The broker that coordinates a group or a transactional id; found at the first request and again when it moves. */
export class Coordinator {
  readonly #cluster: Cluster
  readonly #type: CoordinatorType
  readonly #key: string
  #channel: Channel | undefined
  #finding: Promise<Channel> | undefined

  constructor(cluster: Cluster, type: CoordinatorType, key: string) {
    this.#cluster = cluster
    this.#type = type
    this.#key = key
  }

  /** Sends one request over this coordinator's own channel. A lost connection makes it be looked up again. */
  async send<Response>(request: Request<Response>): Promise<Response> {
    const channel = await this.#find()
    try {
      return await channel.send(request)
    } catch (error) {
      if (this.#channel === channel) this.#lookUpAgain()
      throw error
    }
  }

  /** The error for a code; where the code says that the coordinator is another one, that is looked up next. */
  failure(code: number, what: string): BrokerError {
    if (code === codes.notCoordinator || code === codes.coordinatorNotAvailable) {
      this.#lookUpAgain()
    }
    return protocolError(code, what)
  }

  /** Ends the connection, and with it what waits on it. */
  forget(): void {
    this.#release()
  }

  /** Others that wait on the connection are not at fault: their requests are worth another attempt. */
  #lookUpAgain(): void {
    const what = `The coordinator of ${this.#type} '${this.#key}' is another one by now`
    this.#release(new BrokerUnavailableError(what, { retriable: true }))
  }

  #release(reason?: Error): void {
    if (this.#channel !== undefined) this.#cluster.release(this.#channel, reason)
    this.#channel = undefined
  }

  #find(): Promise<Channel> {
    if (this.#channel !== undefined) return Promise.resolve(this.#channel)
    this.#finding ??= this.#lookUp().finally(() => {
      this.#finding = undefined
    })
    return this.#finding
  }

  async #lookUp(): Promise<Channel> {
    const { errorCode, errorMessage, coordinator } = await this.#cluster.sendToAny(
      findCoordinator(this.#type, this.#key),
    )
    if (errorCode !== codes.none) {
      const what = `Looking for the coordinator of ${this.#type} '${this.#key}'`
      throw protocolError(errorCode, what, { detail: errorMessage })
    }
    // The broker may be new to us, and its address is needed to connect.
    if (!this.#cluster.brokerIds().includes(coordinator.nodeId)) await this.#cluster.refresh([])
    this.#channel = this.#cluster.channel(coordinator.nodeId)
    return this.#channel
  }
}
