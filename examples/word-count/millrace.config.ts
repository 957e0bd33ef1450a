import { defineConfig, type MillraceConfig } from 'millrace'
import { kafkajs } from 'millrace/broker/kafkajs'

const config: MillraceConfig = defineConfig({
  applicationId: 'word-count',
  topology: './topology.ts',
  broker: kafkajs({ brokers: ['localhost:9092'] }),
  stateDir: './state',
  http: { port: 9464 },
})
export default config
