import type { SASLOptions } from 'kafkajs'
import { createRequire } from 'node:module'
import type { ConnectionOptions } from 'node:tls'
import { ConfigError } from '../../../core/errors.ts'

// The only file that requires kafkajs. It takes parts from inside the package, which has no exports map; these parts
// have no types of their own, so the shapes that are used are written down here and checked at the first use.

/** A logger as kafkajs's own parts call it. */
export interface KafkajsLogger {
  debug(message: string, facts?: object): void
  info(message: string, facts?: object): void
  warn(message: string, facts?: object): void
  error(message: string, facts?: object): void
  namespace(name: string): KafkajsLogger
}

/** A request with its response as kafkajs sends them. */
export interface KafkajsMessage<Response> {
  readonly request: {
    readonly apiKey: number
    readonly apiVersion: number
    readonly apiName: string
    encode(): Promise<{ readonly buf: Buffer; readonly buffer: Buffer }>
  }
  readonly response: {
    decode(payload: Buffer): Promise<{ readonly clientSideThrottleTime: number; body: Response }>
    parse(decoded: { body: Response }): Promise<Response>
  }
  readonly requestTimeout: number
  readonly logResponseError: boolean
}

/** One connection to one broker: framing, correlation ids, request timeouts, login. */
export interface KafkajsConnection {
  connect(): Promise<unknown>
  disconnect(): Promise<unknown>
  isConnected(): boolean
  authenticate(): Promise<void>
  setVersions(versions: object): void
  setSupportAuthenticationProtocol(supported: boolean): void
  send<Response>(message: KafkajsMessage<Response>): Promise<Response>
  rejectRequests(error: Error): void
  readonly socket?: { destroy(): void; unref(): void } | undefined
}

export interface KafkajsConnectionOptions {
  readonly host: string
  readonly port: number
  readonly logger: KafkajsLogger
  readonly socketFactory: unknown
  readonly clientId: string
  readonly connectionTimeout: number
  readonly requestTimeout: number
  readonly ssl: boolean | ConnectionOptions | null
  readonly sasl: SASLOptions | null
}

const testedVersion = '2.2.4'

const usedMethods = [
  'connect',
  'disconnect',
  'isConnected',
  'authenticate',
  'setVersions',
  'setSupportAuthenticationProtocol',
  'send',
  'rejectRequests',
] as const

type ConnectionClass = new (options: KafkajsConnectionOptions) => KafkajsConnection

let loaded: { Connection: ConnectionClass; socketFactory: () => unknown } | undefined

/** A connection that is not open yet. Throws `ConfigError` where the installed kafkajs is of another shape. */
export function newKafkajsConnection(
  options: Omit<KafkajsConnectionOptions, 'socketFactory'>,
): KafkajsConnection {
  loaded ??= load(createRequire(import.meta.url))
  return new loaded.Connection({ ...options, socketFactory: loaded.socketFactory() })
}

/** Requires kafkajs's parts and checks their shapes. */
export function load(require: (path: string) => unknown): {
  Connection: ConnectionClass
  socketFactory: () => unknown
} {
  const Connection = requirePart(require, 'kafkajs/src/network/connection') as ConnectionClass
  const socketFactory = requirePart(require, 'kafkajs/src/network/socketFactory') as () => unknown
  if (typeof Connection !== 'function' || typeof socketFactory !== 'function') {
    throw wrongShape(require, 'its connection is no class')
  }
  for (const method of usedMethods) {
    const found: unknown = (Connection.prototype as Record<string, unknown> | undefined)?.[method]
    if (typeof found !== 'function') throw wrongShape(require, `its connection has no ${method}()`)
  }
  return { Connection, socketFactory }
}

function requirePart(require: (path: string) => unknown, path: string): unknown {
  try {
    return require(path)
  } catch (cause) {
    throw wrongShape(require, `${path} cannot be loaded`, cause)
  }
}

function wrongShape(
  require: (path: string) => unknown,
  what: string,
  cause?: unknown,
): ConfigError {
  return new ConfigError(
    `The installed kafkajs (${installedVersion(require)}) is not of the shape of ${testedVersion}: ${what}. Install kafkajs@${testedVersion}.`,
    { cause },
  )
}

function installedVersion(require: (path: string) => unknown): string {
  try {
    return (require('kafkajs/package.json') as { version: string }).version
  } catch {
    return 'not found'
  }
}
