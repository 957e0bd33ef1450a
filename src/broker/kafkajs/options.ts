import type { SASLOptions } from 'kafkajs'
import type { ConnectionOptions } from 'node:tls'

/** How to reach a Kafka cluster. Every time is in milliseconds. */
export interface KafkajsOptions {
  /** Addresses as `host:port`, of which one that answers is enough; the others are found out. */
  readonly brokers: readonly string[]
  /** Default: the client id of the application. */
  readonly clientId?: string
  /** TLS: true, or the options of `node:tls`. */
  readonly ssl?: boolean | ConnectionOptions
  /** Login, in the form that kafkajs takes it: PLAIN, SCRAM, OAUTHBEARER, AWS or a mechanism of one's own. */
  readonly sasl?: SASLOptions
  /** How long opening one connection may take, the login included. Default 10,000. */
  readonly connectionTimeoutMs?: number
  /** How long a broker may take to answer a request, beyond the waiting that the request asks for. Default 30,000. */
  readonly requestTimeoutMs?: number
  /** How long a call goes on trying again while brokers or leaders are away. Default 60,000. */
  readonly apiTimeoutMs?: number
  /** How long a record may wait for its acknowledgement, retries included, before its producer fails. Default 120,000. */
  readonly deliveryTimeoutMs?: number
}

/** The options with their defaults. */
export interface KafkajsSettings {
  readonly brokers: readonly string[]
  readonly clientId: string
  readonly ssl: boolean | ConnectionOptions | undefined
  readonly sasl: SASLOptions | undefined
  readonly connectionTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly apiTimeoutMs: number
  readonly deliveryTimeoutMs: number
}

/** What is taken where an option is left out. */
export const kafkajsDefaults: {
  readonly connectionTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly apiTimeoutMs: number
  readonly deliveryTimeoutMs: number
} = Object.freeze({
  connectionTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  apiTimeoutMs: 60_000,
  deliveryTimeoutMs: 120_000,
})
