import type { Clock } from '../core/clock.ts'
import type { Logger } from '../core/logger.ts'
import type { Random } from '../core/random.ts'
import type { Broker } from './port.ts'

/** What a broker client may use of the application that opens it. */
export interface BrokerEnvironment {
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** Names this client to the broker, for its logs and quotas. */
  readonly clientId: string
}

/** Says which broker and how, in a configuration; opens clients of it. Declaring one contacts nothing. */
export interface BrokerConnector {
  /** For messages: `embedded`, or `kafkajs` and the addresses. */
  readonly name: string
  /** Whether the broker is in the memory of the thread that declares it, so that other threads cannot reach it. */
  readonly isInProcess?: boolean
  /** A new client. It connects at `Broker.connect` or its first call. */
  open(environment: BrokerEnvironment): Broker
}
