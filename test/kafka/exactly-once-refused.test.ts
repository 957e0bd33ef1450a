import { expect, inject, it } from 'vitest'
import { kafkajs } from '../../src/broker/kafkajs/index.ts'
import { silentLogger } from '../../src/core/logger.ts'
import { createTopics } from '../../src/create-topics.ts'
import { StreamsBuilder } from '../../src/dsl/streams-builder.ts'
import { KafkaStreams } from '../../src/kafka-streams.ts'
import { string } from '../../src/serdes/index.ts'
import { topic } from '../../src/topology/topic.ts'
import { uniqueName } from './kafka-client.ts'

it('refuses exactly_once on Kafka until it is released, and says what to set', async () => {
  const broker = kafkajs({ brokers: [inject('kafkaBootstrap')] })
  const name = uniqueName('refused')
  await createTopics(broker, [{ name, partitions: 1 }])
  const builder = new StreamsBuilder()
  builder.stream(topic(name, { key: string(), value: string() })).foreach(() => {})
  const topology = builder.build()
  const app = new KafkaStreams({ applicationId: name, topology, broker, logger: silentLogger })
  await expect(app.start()).rejects.toThrow(
    /exactly_once is not available on kafkajs .*; set processingGuarantee: 'at_least_once'/,
  )
  expect(app.status().state).toBe('error')
})
