import type { BrokerConnector } from './broker/connector.ts'
import { ConfigError } from './core/errors.ts'

/** What a configuration says of its threads. */
interface ThreadsConfig {
  readonly threads?: number
  readonly module?: string | URL
  readonly broker: BrokerConnector
}

/** Throws `ConfigError` where several threads lack a module that they can load, or a broker that they can reach. */
export function checkThreads({ threads = 1, module, broker }: ThreadsConfig): void {
  if (threads === 1) return
  const field = 'threads'
  if (broker.isInProcess === true) {
    throw new ConfigError(
      `threads is ${threads}, and the broker ${broker.name} lives in one thread, where others cannot reach it: use ` +
        'Kafka, or one thread',
      { field },
    )
  }
  if (module === undefined) {
    throw new ConfigError(
      `threads is ${threads}, and functions such as a topology's cannot be sent to a thread: put the configuration ` +
        'into a module of its own that exports it as its default, with module: import.meta.url in it, and make ' +
        'KafkaStreams of what you import from there',
      { field },
    )
  }
}
