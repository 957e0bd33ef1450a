import { SchemaRegistry as PackageRegistry } from '@kafkajs/confluent-schema-registry'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  startSchemaRegistry,
  type RunningSchemaRegistry,
} from '../../scripts/services/schema-registry.ts'
import {
  DeserializationError,
  SchemaIncompatibleError,
  SchemaRegistryError,
} from '../../src/core/errors.ts'
import { readIncompatibilities } from '../../src/serdes/avro/can-read.ts'
import { parseSchema } from '../../src/serdes/avro/parse-schema.ts'
import { avro, schemaRegistry, type SchemaRegistry } from 'millrace/serdes/avro'
import { evolved, schemaAndValue } from '../serdes/avro/schema-arbitraries.ts'
import { schemaRegistryContract } from '../serdes/avro/schema-registry-contract.ts'

let service: RunningSchemaRegistry
let registry: SchemaRegistry

beforeAll(async () => {
  service = await startSchemaRegistry()
  registry = schemaRegistry({ url: service.url })
})
afterAll(async () => {
  await registry?.close()
  await service?.stop()
})

schemaRegistryContract({
  name: 'over HTTP, a real one',
  open: async () => registry,
  close: async () => undefined,
})

const purchase = {
  type: 'record',
  name: 'shop.Purchase',
  fields: [
    { name: 'id', type: 'string' },
    { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'note', type: ['null', 'string'], default: null },
  ],
} as const
const value = { id: 'a', at: Date.UTC(1997, 0, 1), note: 'grüße' }

describe('Avro through a real registry', () => {
  it('judges compatibility as the registry does', async () => {
    const pair = schemaAndValue(2)
      .filter(({ schema }) => (schema as { type?: string }).type === 'record')
      .chain(({ schema }) => fc.record({ writer: fc.constant(schema), reader: evolved(schema) }))
    let subjects = 0
    await fc.assert(
      fc.asyncProperty(pair, async ({ writer, reader }) => {
        const subject = `judged-${++subjects}`
        await registry.register(subject, JSON.stringify(writer))
        await registry.setCompatibility(subject, 'BACKWARD')
        const theirs = await registry.checkCompatibility(subject, JSON.stringify(reader))
        const ours = readIncompatibilities(parseSchema(reader), parseSchema(writer))
        expect([theirs.length === 0, ours, theirs]).toEqual([ours.length === 0, ours, theirs])
      }),
      { numRuns: 80 },
    )
  })

  it('writes what the package reads, and reads what the package writes', async () => {
    const context = { topic: 'interop', part: 'value' } as const
    const serde = avro({ schema: purchase }).bind!({ schemaRegistry: registry })
    await serde.prepare!(context)
    const other = new PackageRegistry({ host: service.url })
    const message = serde.serialize(value, context)
    expect({ ...(await other.decode(message)) }).toEqual(value)
    const id = await other.getLatestSchemaId('interop-value')
    const theirs = await other.encode(id, value)
    await serde.resolve!([theirs], context)
    expect(serde.deserialize(theirs, context)).toStrictEqual(value)
    expect(theirs).toEqual(message)
  })

  it('refuses a breaking schema at start, naming subject, field and rule', async () => {
    const context = { topic: 'breaking', part: 'value' } as const
    await avro({ schema: purchase }).bind!({ schemaRegistry: registry }).prepare!(context)
    await registry.setCompatibility('breaking-value', 'BACKWARD_TRANSITIVE')
    const changed = {
      ...purchase,
      fields: [...purchase.fields, { name: 'units', type: 'int' }],
    }
    const serde = avro({ schema: changed }).bind!({ schemaRegistry: registry })
    const refused = serde.prepare!(context)
    await expect(refused).rejects.toThrow(SchemaIncompatibleError)
    await expect(refused).rejects.toThrow(
      /shop\.Purchase.*breaking-value.*BACKWARD_TRANSITIVE against version 1: field units .*READER_FIELD_MISSING_DEFAULT_VALUE/,
    )
    expect(await registry.versions('breaking-value')).toHaveLength(1)
  })

  it('registers nothing where that is turned off, and says what to do', async () => {
    const context = { topic: 'by-hand', part: 'value' } as const
    const environment = { schemaRegistry: registry, autoRegisterSchemas: false }
    const serde = avro({ schema: purchase }).bind!(environment)
    const refused = serde.prepare!(context)
    await expect(refused).rejects.toThrow(SchemaRegistryError)
    await expect(refused).rejects.toThrow(/by-hand-value.*millrace schemas register/)
    expect(await registry.versions('by-hand-value')).toEqual([])
    await registry.register('by-hand-value', JSON.stringify(purchase))
    await serde.prepare!(context)
    expect(serde.deserialize(serde.serialize(value, context), context)).toStrictEqual(value)
  })

  it('asks it once for each id of a batch, and an id that it does not know ends its record only', async () => {
    const context = { topic: 'batches', part: 'value' } as const
    const writer = avro({ schema: purchase }).bind!({ schemaRegistry: registry })
    await writer.prepare!(context)
    const good = writer.serialize(value, context)
    const unknown = Buffer.from(good)
    unknown.writeUInt32BE(4_000_000, 1)
    const asked: number[] = []
    // A registry of its own, since what a registry told is shared by all serdes that use it.
    const counting = schemaRegistry({ url: service.url })
    const schemaById = counting.schemaById.bind(counting)
    counting.schemaById = (id) => {
      asked.push(id)
      return schemaById(id)
    }
    const reader = avro({ schema: purchase }).bind!({ schemaRegistry: counting })
    await reader.resolve!([good, unknown, good, unknown], context)
    expect(asked.toSorted((a, b) => a - b)).toEqual([good.readUInt32BE(1), 4_000_000])
    expect(reader.deserialize(good, context)).toStrictEqual(value)
    expect(() => reader.deserialize(unknown, context)).toThrow(DeserializationError)
    expect(() => reader.deserialize(unknown, context)).toThrow(/no schema of id 4000000/)
    await counting.close()
  })
})
