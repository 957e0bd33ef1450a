import type { BrokerConnector } from '../connector.ts'
import { checkKafkajsOptions, kafkajsSettings } from './check-options.ts'
import { KafkajsBroker } from './kafkajs-broker.ts'
import type { KafkajsOptions } from './options.ts'

export type { KafkajsOptions } from './options.ts'

/**
 * A Kafka cluster as the broker of an application: `broker: kafkajs({ brokers: ['localhost:9092'] })`.
 *
 * Kafka 2.5 or newer. kafkajs brings connections, TLS and logins; fetching, producing and groups are Millrace's own.
 *
 * @throws ConfigError where an option cannot be used.
 */
export function kafkajs(options: KafkajsOptions): BrokerConnector {
  checkKafkajsOptions(options)
  const name = `kafkajs ${options.brokers.join(',')}`
  return {
    name,
    open({ clock, random, logger, clientId }) {
      const settings = kafkajsSettings(options, clientId)
      return new KafkajsBroker(name, { settings, clock, random, logger })
    },
  }
}
