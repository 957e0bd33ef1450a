export type { EmbeddedBrokerOptions } from './broker-options.ts'
export { EmbeddedBroker } from './embedded-broker.ts'
export type { EmbeddedClient } from './embedded-client.ts'
