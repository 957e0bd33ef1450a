import { BrokerUnavailableError, LifecycleError } from '../../../core/errors.ts'
import type { Request } from '../protocol/request.ts'
import type { BrokerConnection } from './broker-connection.ts'

/** A lane to one broker: opens a connection when one is needed and a new one when that is lost. */
export class Channel {
  readonly #open: () => Promise<BrokerConnection>
  #connection: BrokerConnection | undefined
  #opening: Promise<BrokerConnection> | undefined
  #closed: Error | undefined

  constructor(open: () => Promise<BrokerConnection>) {
    this.#open = open
  }

  /** Whether a request would go out without connecting first. */
  get connected(): boolean {
    return this.#connection?.usable === true
  }

  /** Sends one request. Requests go out in the order of the calls and are answered in that order. */
  async send<Response>(request: Request<Response>): Promise<Response> {
    const connection = await this.#usable()
    return connection.send(request)
  }

  /** Ends the connection, so that what waits on it is rejected; the next request opens another. */
  reset(): void {
    const reason = new BrokerUnavailableError('The connection was given up.', { retriable: true })
    this.#connection?.destroy(reason)
    this.#connection = undefined
  }

  /** Ends the connection for good; what waits on it is rejected with the reason. */
  close(reason: Error = new LifecycleError('The connection is closed.')): void {
    this.#closed ??= reason
    this.#connection?.destroy(reason)
  }

  #usable(): Promise<BrokerConnection> {
    if (this.#closed) return Promise.reject(this.#closed)
    if (this.#connection?.usable === true) return Promise.resolve(this.#connection)
    this.#opening ??= this.#reopen()
    return this.#opening
  }

  async #reopen(): Promise<BrokerConnection> {
    try {
      this.#connection?.destroy(new BrokerUnavailableError('The connection was lost.'))
      const connection = await this.#open()
      if (this.#closed) {
        connection.destroy(this.#closed)
        throw this.#closed
      }
      this.#connection = connection
      return connection
    } finally {
      this.#opening = undefined
    }
  }
}
