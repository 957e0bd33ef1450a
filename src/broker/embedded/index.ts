export { EmbeddedBroker, type EmbeddedBrokerOptions } from './embedded-broker.ts'
export type { EmbeddedClient } from './embedded-client.ts'
