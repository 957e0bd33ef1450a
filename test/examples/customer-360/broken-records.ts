import { bindSerde, type Serde } from '../../../src/serdes/serde.ts'
import type { SchemaRegistry } from '../../../src/serdes/schema-registry.ts'
import { avro } from '../../../src/serdes/avro/index.ts'
import { TopicProducer } from '../../../src/topic-producer.ts'
import type { BrokerConnector } from '../../../src/broker/connector.ts'
import { PurchaseRecorded } from '../../../examples/customer-360/generated/schemas.ts'
import { purchases } from '../../../examples/customer-360/topics.ts'

/** A record that must become a dead letter, and what its cause must say. */
export interface BrokenRecord {
  readonly name: string
  readonly value: Buffer
  readonly cause: RegExp
}

const sample: PurchaseRecorded = {
  purchaseId: 'broken',
  customerId: '00001',
  purchasedAt: Date.UTC(1997, 5, 1),
  units: 1,
  valueCents: 99_999n,
}

/** Truncated Avro, an unknown schema id, and a quantity below one. */
export async function brokenRecords(schemaRegistry: SchemaRegistry): Promise<BrokenRecord[]> {
  const serde: Serde<PurchaseRecorded> = bindSerde(avro(PurchaseRecorded), { schemaRegistry })
  const context = { topic: purchases.name, part: 'value' } as const
  await serde.prepare?.(context)
  const whole = serde.serialize(sample, context)
  const unknownId = Buffer.from(whole)
  unknownId.writeUInt32BE(987_654, 1)
  return [
    { name: 'truncated', value: whole.subarray(0, whole.length - 3), cause: /purchases/ },
    { name: 'unknown schema id', value: unknownId, cause: /987654/ },
    {
      name: 'no units',
      value: serde.serialize({ ...sample, units: 0 }, context),
      cause: /0 is below one \[.*field units\]/,
    },
  ]
}

/** Puts them among the purchases of one customer. */
export async function injectBroken(
  records: readonly BrokenRecord[],
  options: { readonly broker: BrokerConnector; readonly schemaRegistry: SchemaRegistry },
): Promise<void> {
  await using producer = await TopicProducer.open(purchases, options)
  for (const { value } of records) {
    producer.sendRaw({
      key: Buffer.from(sample.customerId),
      value,
      timestampMs: sample.purchasedAt,
    })
  }
  await producer.flush()
}
