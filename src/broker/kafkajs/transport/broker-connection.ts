import type { Clock } from '../../../core/clock.ts'
import { BrokerError, BrokerUnavailableError } from '../../../core/errors.ts'
import type { Logger } from '../../../core/logger.ts'
import type { KafkajsSettings } from '../options.ts'
import { apiVersions, unsupportedApis, type FinalizedFeatures } from '../protocol/api-versions.ts'
import { codes } from '../protocol/error-codes.ts'
import { ByteReader } from '../protocol/byte-reader.ts'
import { ByteWriter } from '../protocol/byte-writer.ts'
import type { Request } from '../protocol/request.ts'
import {
  newKafkajsConnection,
  type KafkajsConnection,
  type KafkajsLogger,
  type KafkajsMessage,
} from './kafkajs-modules.ts'
import { transportError } from './transport-error.ts'

/** What opening a connection needs besides the address. */
export interface ConnectionEnvironment {
  readonly settings: KafkajsSettings
  readonly clock: Clock
  readonly logger: Logger
  /** Called when a broker wants no request for so many milliseconds. */
  readonly onThrottled: (ms: number) => void
  /** Called with what a broker says of the cluster's features. */
  readonly onFeatures: (features: FinalizedFeatures) => void
}

const saslAuthenticateKey = 36

/** One open connection to one broker, never reopened: kafkajs keeps half-read responses across reconnects. */
export class BrokerConnection {
  readonly address: string
  readonly #connection: KafkajsConnection
  readonly #requestTimeoutMs: number
  readonly #onThrottled: (ms: number) => void
  readonly #onFeatures: (features: FinalizedFeatures) => void
  #closed = false

  private constructor(
    address: string,
    connection: KafkajsConnection,
    { settings, onThrottled, onFeatures }: ConnectionEnvironment,
  ) {
    this.address = address
    this.#connection = connection
    this.#requestTimeoutMs = settings.requestTimeoutMs
    this.#onThrottled = onThrottled
    this.#onFeatures = onFeatures
  }

  /** Connects, learns the broker's versions and logs in. Throws `BrokerUnavailableError` or, for good, `BrokerError`. */
  static async open(
    host: string,
    port: number,
    environment: ConnectionEnvironment,
  ): Promise<BrokerConnection> {
    const { settings, clock, logger } = environment
    const address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
    const kafkajs = newKafkajsConnection({
      host,
      port,
      logger: quietLogger(logger),
      clientId: settings.clientId,
      connectionTimeout: settings.connectionTimeoutMs,
      requestTimeout: settings.requestTimeoutMs,
      ssl: settings.ssl === undefined || settings.ssl === false ? null : settings.ssl,
      // A copy: kafkajs adds to it.
      sasl: settings.sasl === undefined ? null : { ...settings.sasl },
    })
    const connection = new BrokerConnection(address, kafkajs, environment)
    const timer = clock.schedule(settings.connectionTimeoutMs, () => {
      const timeout = `no connection within ${settings.connectionTimeoutMs} ms`
      connection.destroy(new BrokerUnavailableError(`${address}: ${timeout}`, { retriable: true }))
    })
    try {
      await connection.#start()
      return connection
    } catch (error) {
      connection.destroy(new BrokerUnavailableError(`${address}: the connection was not opened`))
      throw transportError(error, address, 'Connecting')
    } finally {
      timer.cancel()
    }
  }

  /** Whether requests may be sent. */
  get usable(): boolean {
    return !this.#closed && this.#connection.isConnected()
  }

  /** Sends one request and reads its response. Rejects with `BrokerError` only. */
  async send<Response>(request: Request<Response>): Promise<Response> {
    try {
      return await this.#connection.send(this.#messageOf(request))
    } catch (error) {
      const failure = transportError(error, this.address, request.apiName)
      // After a timeout or an unreadable response, nothing more that comes over this connection can be relied on.
      this.destroy(failure)
      throw failure
    }
  }

  /** Ends the connection at once; requests under way reject with the reason. */
  destroy(reason: Error): void {
    if (this.#closed) return
    this.#closed = true
    this.#connection.rejectRequests(reason)
    // kafkajs stops its timers here; without requests under way it does not wait.
    void this.#connection.disconnect().catch(() => undefined)
    this.#connection.socket?.destroy()
  }

  async #start(): Promise<void> {
    await this.#connection.connect()
    const { errorCode, versions, features } = await this.send(apiVersions())
    const isUnderstood = errorCode === codes.none || errorCode === codes.unsupportedVersion
    const missing = isUnderstood ? unsupportedApis(versions) : ['ApiVersions v3']
    if (missing.length > 0) {
      const names = missing.join(', ')
      throw new BrokerError(
        `The broker at ${this.address} does not take ${names}; Kafka 2.5 or newer is needed.`,
      )
    }
    this.#onFeatures(features)
    this.#connection.setVersions(versions)
    this.#connection.setSupportAuthenticationProtocol(versions[saslAuthenticateKey] !== undefined)
    await this.#connection.authenticate()
  }

  #messageOf<Response>(request: Request<Response>): KafkajsMessage<Response> {
    const { apiKey, apiVersion, apiName, flexible, plainAnswer } = request
    return {
      request: {
        apiKey,
        apiVersion,
        apiName,
        encode: async () => {
          const body = new ByteWriter()
          if (flexible) body.noTags()
          request.write(body)
          const buffer = body.bytes()
          return { buf: buffer, buffer }
        },
      },
      response: {
        decode: async (payload) => {
          const body = new ByteReader(payload)
          if (flexible && !plainAnswer) body.skipTags()
          const response = request.read(body)
          // The broker reads nothing from the connection for so long: a request that were sent all the same would seem
          // unanswered. kafkajs holds back what is sent meanwhile, and starts its clock when it goes out (KIP-219).
          if (body.throttleMs > 0) this.#onThrottled(body.throttleMs)
          return { clientSideThrottleTime: body.throttleMs, body: response }
        },
        parse: async (decoded) => decoded.body,
      },
      requestTimeout: this.#requestTimeoutMs + (request.brokerWaitMs ?? 0),
      logResponseError: false,
    }
  }
}

/** Failures reach the caller as errors; kafkajs's own words on them are of use only when looking for a fault. */
function quietLogger(logger: Logger): KafkajsLogger {
  const debug = (message: string, facts?: object): void =>
    logger.debug(`kafkajs: ${message}`, facts)
  const quiet: KafkajsLogger = {
    // kafkajs describes every request and response at this level.
    debug: () => undefined,
    info: debug,
    warn: debug,
    error: debug,
    namespace: () => quiet,
  }
  return quiet
}
