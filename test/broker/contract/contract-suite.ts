import { randomUUID } from 'node:crypto'
import { onTestFinished } from 'vitest'
import type { Broker, NewTopic, Producer, ProducerOptions } from '../../../src/broker/port.ts'

/** A running broker that the contract is held against. */
export interface ContractEnvironment {
  /** A new client of it; contacts nothing yet. The suite closes it. */
  open(): Broker
}

/** What the tests of the contract share: clients that are closed after the test, topics and names of their own. */
export class ContractSuite {
  /** Whether the broker has transactions; the tests of these are defined only where it does. */
  readonly supportsTransactions: boolean
  readonly #environment: ContractEnvironment

  constructor(environment: ContractEnvironment) {
    this.#environment = environment
    const client = environment.open()
    this.supportsTransactions = client.supportsTransactions
    void client.close()
  }

  /** A client that is closed after the test. */
  client(): Broker {
    const client = this.#environment.open()
    onTestFinished(() => client.close())
    return client
  }

  /** A new topic of a name that no other test uses. */
  async topic(
    client: Broker,
    partitions = 1,
    config?: NonNullable<NewTopic['config']>,
  ): Promise<string> {
    const name = uniqueName('topic')
    await client.createTopics([{ name, partitions, ...(config ? { config } : {}) }])
    return name
  }

  /** A producer that is ready to write to these topics. */
  async producer(
    client: Broker,
    topics: string | readonly string[],
    options: ProducerOptions = {},
  ): Promise<Producer> {
    const producer = await client.openProducer(options)
    await producer.prepare(typeof topics === 'string' ? [topics] : topics)
    return producer
  }
}

/** A name that no other test uses. */
export function uniqueName(prefix: string): string {
  return `${prefix}-${randomUUID().slice(0, 8)}`
}
