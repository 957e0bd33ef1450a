import { describe, expect, expectTypeOf, it } from 'vitest'
import {
  ConfigError,
  DeserializationError,
  SchemaIncompatibleError,
  SchemaRegistryError,
  SerializationError,
} from '../../../src/core/errors.ts'
import {
  avro,
  inProcessSchemaRegistry,
  type AvroType,
  type SchemaRegistry,
} from 'millrace/serdes/avro'
import type { Serde } from 'millrace/serdes'

const context = { topic: 'purchases', part: 'value' } as const

const purchase = {
  type: 'record',
  name: 'shop.Purchase',
  fields: [
    { name: 'id', type: 'string' },
    { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'units', type: 'int' },
    { name: 'lines', type: { type: 'array', items: { type: 'map', values: 'long' } } },
    { name: 'note', type: ['null', 'string'], default: null },
  ],
} as const

const value = {
  id: '00042',
  at: Date.UTC(1997, 0, 1),
  units: 3,
  lines: [{ cents: 1177 }],
  note: null,
}

async function bound<T>(
  serde: Serde<T>,
  registry: SchemaRegistry = inProcessSchemaRegistry(),
): Promise<Serde<T>> {
  const ready = serde.bind!({ schemaRegistry: registry })
  await ready.prepare!(context)
  return ready
}

/** A registry that counts the requests for schemas. */
function counting(): { registry: SchemaRegistry; asked: number[] } {
  const asked: number[] = []
  const registry = inProcessSchemaRegistry()
  const schemaById = registry.schemaById.bind(registry)
  registry.schemaById = (id) => {
    asked.push(id)
    return schemaById(id)
  }
  return { registry, asked }
}

function caught(run: () => unknown): Error {
  try {
    run()
  } catch (error) {
    return error as Error
  }
  throw new Error('nothing was thrown')
}

describe('avro', () => {
  it('infers the type of values from a literal schema', () => {
    const serde = avro({ schema: purchase, long: 'bigint', dates: 'date' })
    expectTypeOf(serde).toEqualTypeOf<
      Serde<{
        readonly id: string
        readonly at: Date
        readonly units: number
        readonly lines: readonly Readonly<Record<string, bigint>>[]
        readonly note: string | null
      }>
    >()
  })

  it('has the type of a generated constant', () => {
    interface Purchase {
      readonly id: string
    }
    const Purchase = { fullName: 'a', schema: '"string"' } as AvroType<Purchase>
    expectTypeOf(avro(Purchase)).toEqualTypeOf<Serde<Purchase>>()
  })

  it('writes the wire format: zero, schema id, Avro', async () => {
    const registry = inProcessSchemaRegistry()
    await registry.register('other', '"int"')
    const serde = await bound(avro({ schema: 'string' }), registry)
    expect(serde.serialize('ab', context).toString('hex')).toBe('0000000002' + '046162')
  })

  it('gives plain objects that equal literals, also in the middle of a batch', async () => {
    const serde = await bound(avro({ schema: purchase }))
    const message = serde.serialize(value, context)
    expect(serde.deserialize(message, context)).toStrictEqual(value)
    const batch = Buffer.concat([Buffer.from('xyz'), message, Buffer.from('xyz')])
    const read = serde.deserializeAt!(batch, 3, 3 + message.length, context)
    expect(read).toStrictEqual(value)
    expect(JSON.stringify(read)).toBe(JSON.stringify(value))
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype)
  })

  it('keeps nothing of the batch that a value lay in', async () => {
    const serde = await bound(
      avro({
        schema: {
          type: 'record',
          name: 'B',
          fields: [
            { name: 'b', type: 'bytes' },
            { name: 's', type: 'string' },
          ],
        },
      }),
    )
    const message = serde.serialize({ b: Buffer.from('abc'), s: 'def' }, context)
    const read = serde.deserialize(message, context)
    message.fill(0)
    expect(read).toStrictEqual({ b: Buffer.from('abc'), s: 'def' })
  })

  it('writes a default where a field is left out', async () => {
    const serde = await bound(avro({ schema: purchase }))
    const { note: _note, ...rest } = value
    const message = serde.serialize(rest as typeof value, context)
    expect(serde.deserialize(message, context)).toStrictEqual(value)
  })

  it.each([
    [
      { ...value, units: 1.5 },
      'units',
      /expected a whole number of 32 bits \(int\), got number 1.5/,
    ],
    [{ ...value, id: undefined }, 'id', /expected string, got undefined/],
    [
      { ...value, note: 5 },
      'note',
      /expected null or string, got number 5|expected string, got number 5/,
    ],
    [{ ...value, lines: [{}, { cents: '1' }] }, 'lines.1.cents', /expected a safe whole number/],
    [{ ...value, lines: 'none' }, 'lines', /expected an array, got string "none"/],
    [null, undefined, /expected an object \(record shop.Purchase\), got null/],
    [{ ...value, id: 'a\ud800' }, undefined, /half of a surrogate pair/],
  ])(
    'refuses a wrong value, naming the field and what was expected: %#',
    async (wrong, field, text) => {
      const serde = await bound(avro({ schema: purchase }))
      const error = caught(() => serde.serialize(wrong as never, context))
      expect(error).toBeInstanceOf(SerializationError)
      expect(error.message).toMatch(/Cannot write the value for topic purchases as avro Purchase/)
      expect(error.message).toMatch(text)
      expect((error as SerializationError).field).toBe(field)
      // One refused value leaves nothing behind in the shared writer.
      const message = serde.serialize(value, context)
      expect(serde.deserialize(message, context)).toStrictEqual(value)
    },
  )

  it('says what is wrong with bytes, whatever is wrong with them', async () => {
    const registry = inProcessSchemaRegistry()
    const serde = await bound(avro({ schema: purchase }), registry)
    const message = serde.serialize(value, context)
    const cases: [Buffer, RegExp][] = [
      [message.subarray(0, -1), /truncated/],
      [message.subarray(0, 5), /truncated/],
      [message.subarray(0, 4), /4 bytes are too few/],
      [Buffer.alloc(0), /0 bytes are too few/],
      [Buffer.concat([message, Buffer.from([0])]), /1 bytes follow after its end/],
      [Buffer.from('{"id":"a"}'), /begins with byte 123 instead of 0/],
    ]
    for (const [bytes, text] of cases) {
      const error = caught(() => serde.deserialize(bytes, context))
      expect(error).toBeInstanceOf(DeserializationError)
      expect(error.message).toMatch(/Cannot read the value of topic purchases as avro Purchase: /)
      expect(error.message).toMatch(text)
    }
  })

  it('finds every truncation of a message', async () => {
    const serde = await bound(avro({ schema: purchase }))
    const message = serde.serialize({ ...value, note: 'grüße' }, context)
    for (let length = 0; length < message.length; length++) {
      const cut = message.subarray(0, length)
      expect(() => serde.deserialize(cut, context)).toThrow(DeserializationError)
      // The rest of the batch must not be taken for the rest of the value.
      expect(() => serde.deserializeAt!(message, 0, length, context)).toThrow(DeserializationError)
    }
  })

  it('is not made to allocate or loop by a count that damaged bytes claim', async () => {
    const serde = await bound(avro({ schema: { type: 'array', items: 'null' } }))
    const head = serde.serialize([null], context).subarray(0, 5)
    const claim = Buffer.from([0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f])
    expect(() => serde.deserialize(Buffer.concat([head, claim]), context)).toThrow(
      /items in 0 bytes/,
    )
  })

  it('needs a registry, and says so', () => {
    const serde = avro({ schema: purchase })
    expect(() => serde.bind!({})).toThrow(ConfigError)
    expect(() => serde.serialize(value, context)).toThrow(/avro Purchase needs a schema registry/)
    expect(() => serde.deserialize(Buffer.alloc(6), context)).toThrow(ConfigError)
  })

  it('says so where it was not prepared for a topic', () => {
    const serde = avro({ schema: purchase }).bind!({ schemaRegistry: inProcessSchemaRegistry() })
    expect(() => serde.serialize(value, context)).toThrow(/prepare was not called/)
  })

  it('refuses a schema that is none when it is declared', () => {
    expect(() => avro({ schema: { type: 'record', name: 'X' } })).toThrow(ConfigError)
    const wrongDefault = { ...purchase, fields: [{ name: 'a', type: 'int', default: 'x' }] }
    expect(() => avro({ schema: wrongDefault })).toThrow(/default/)
  })
})

describe('subjects and registration', () => {
  it.each([
    ['topic', 'purchases-value'],
    ['record', 'shop.Purchase'],
    ['topic-record', 'purchases-shop.Purchase'],
  ] as const)('the strategy %s registers under %s', async (subjects, subject) => {
    const registry = inProcessSchemaRegistry()
    await bound(avro({ schema: purchase }, { subjects }), registry)
    expect(await registry.latest(subject)).toBeDefined()
  })

  it('registers keys under a subject of their own', async () => {
    const registry = inProcessSchemaRegistry()
    const serde = avro({ schema: 'string' }).bind!({ schemaRegistry: registry })
    await serde.prepare!({ topic: 'purchases', part: 'key' })
    expect(await registry.latest('purchases-key')).toBeDefined()
    expect(await registry.latest('purchases-value')).toBeUndefined()
  })

  it('asks the registry once for all tasks that prepare the same schema', async () => {
    const registry = inProcessSchemaRegistry()
    let lookups = 0
    const lookup = registry.lookup.bind(registry)
    registry.lookup = (subject, schema) => {
      lookups++
      return lookup(subject, schema)
    }
    await Promise.all([1, 2, 3].map(() => bound(avro({ schema: purchase }), registry)))
    expect(lookups).toBe(1)
  })

  it('refuses at start a schema that breaks the subject, naming field and rule', async () => {
    const registry = inProcessSchemaRegistry()
    await bound(avro({ schema: purchase }), registry)
    const broken = {
      ...purchase,
      fields: purchase.fields.map((f) => (f.name === 'units' ? { ...f, type: 'string' } : f)),
    }
    const starting = bound(avro({ schema: broken }), registry)
    await expect(starting).rejects.toThrow(SchemaIncompatibleError)
    await expect(starting).rejects.toThrow(
      /subject purchases-value: BACKWARD against version 1: field units .*it is string, they hold int \(TYPE_MISMATCH\)/,
    )
    expect(await registry.versions('purchases-value')).toHaveLength(1)
  })

  it('with registration off, uses what is registered and refuses what is not', async () => {
    const registry = inProcessSchemaRegistry()
    const serde = avro({ schema: purchase }, { autoRegister: false })
    await expect(bound(serde, registry)).rejects.toThrow(SchemaRegistryError)
    await expect(bound(serde, registry)).rejects.toThrow(/millrace schemas register/)
    expect(await registry.versions('purchases-value')).toEqual([])
    await registry.register('purchases-value', JSON.stringify(purchase))
    const ready = await bound(serde, registry)
    expect(ready.deserialize(ready.serialize(value, context), context)).toStrictEqual(value)
  })

  it('with registration off, tells a breaking schema from one that is merely not registered', async () => {
    const registry = inProcessSchemaRegistry()
    await registry.register('purchases-value', '"int"')
    const starting = bound(avro({ schema: purchase }, { autoRegister: false }), registry)
    await expect(starting).rejects.toThrow(SchemaIncompatibleError)
  })
})

describe('reading what others wrote', () => {
  const v1 = {
    type: 'record',
    name: 'shop.Order',
    fields: [
      { name: 'id', type: 'string' },
      { name: 'old', type: 'int' },
    ],
  }
  const v2 = {
    type: 'record',
    name: 'shop.Order',
    fields: [
      { name: 'orderId', type: 'string', aliases: ['id'] },
      { name: 'tags', type: { type: 'array', items: 'string' }, default: [] },
    ],
  }

  async function messageOf(
    schema: unknown,
    written: unknown,
    registry: SchemaRegistry,
  ): Promise<Buffer> {
    const other = { topic: `from-${JSON.stringify(schema)}`, part: 'value' } as const
    const writer = avro({ schema }).bind!({ schemaRegistry: registry })
    await writer.prepare!(other)
    return writer.serialize(written as never, other)
  }

  it('reads v1 as v2, with aliases and defaults, and gives each record a default of its own', async () => {
    const registry = inProcessSchemaRegistry()
    const message = await messageOf(v1, { id: 'a', old: 1 }, registry)
    const reader = avro({ schema: v2 }).bind!({ schemaRegistry: registry }) as Serde<{
      orderId: string
      tags: string[]
    }>
    await reader.resolve!([message], context)
    const first = reader.deserialize(message, context)
    expect(first).toStrictEqual({ orderId: 'a', tags: [] })
    first.tags.push('x')
    expect(reader.deserialize(message, context).tags).toEqual([])
  })

  it('asks for each unknown id once, also when batches are resolved at the same time', async () => {
    const { registry, asked } = counting()
    const one = await registry.register('one', JSON.stringify(v1))
    const two = await registry.register('two', '"int"')
    const message = (id: number): Buffer => Buffer.from([0, 0, 0, 0, id, 2])
    const batch = [message(one), message(two), message(one), message(two)]
    const a = avro({ schema: v2 }).bind!({ schemaRegistry: registry })
    const b = avro({ schema: v2 }).bind!({ schemaRegistry: registry })
    await Promise.all([a.resolve!(batch, context), b.resolve!(batch, context)])
    expect(asked.sort()).toEqual([one, two])
    expect(a.resolve!(batch, context)).toBeUndefined()
    expect(asked).toHaveLength(2)
  })

  it('an id that the registry does not know condemns its record only, and is asked for again', async () => {
    const { registry, asked } = counting()
    const reader = await bound(avro({ schema: 'int' }), registry)
    const good = reader.serialize(7, context)
    const unknown = Buffer.from([0, 0, 0, 0, 2, 2])
    await reader.resolve!([unknown, good], context)
    expect(reader.deserialize(good, context)).toBe(7)
    const error = caught(() => reader.deserialize(unknown, context))
    expect(error).toBeInstanceOf(DeserializationError)
    expect(error.message).toMatch(/the registry knows no schema of id 2/)
    expect(await registry.register('late', '"long"')).toBe(2)
    await reader.resolve!([unknown], context)
    expect(asked).toEqual([2, 2])
    expect(() => reader.deserialize(unknown, context)).toThrow(/written as long, expected int/)
  })

  it('does not condemn records when the registry cannot be reached: the batch waits', async () => {
    const { registry } = counting()
    const outage = new SchemaRegistryError('Cannot reach the schema registry at http://x', {
      retriable: true,
    })
    const { schemaById } = registry
    registry.schemaById = () => Promise.reject(outage)
    const reader = avro({ schema: 'int' }).bind!({ schemaRegistry: registry })
    const id = await registry.register('late', '"int"')
    const message = Buffer.from([0, 0, 0, 0, id, 2])
    await expect(Promise.resolve(reader.resolve!([message], context))).rejects.toBe(outage)
    registry.schemaById = schemaById
    await reader.resolve!([message], context)
    expect(reader.deserialize(message, context)).toBe(1)
  })

  it('a merely bad value does not make resolve reject', async () => {
    const reader = await bound(avro({ schema: 'int' }))
    expect(reader.resolve!([Buffer.from('{}'), Buffer.alloc(0)], context)).toBeUndefined()
  })

  it('says which field of a writer cannot be read', async () => {
    const registry = inProcessSchemaRegistry()
    const message = await messageOf(v1, { id: 'a', old: 1 }, registry)
    const schema = { ...v2, fields: [{ name: 'id', type: 'int' }] }
    const reader = avro({ schema }).bind!({ schemaRegistry: registry })
    await reader.resolve!([message], context)
    expect(() => reader.deserialize(message, context)).toThrow(
      /schema id 1: field id was written as string, expected int \(TYPE_MISMATCH\)/,
    )
  })

  it('does not take amounts of another scale for its own', async () => {
    const amount = (scale: number): object => ({
      type: 'bytes',
      logicalType: 'decimal',
      precision: 9,
      scale,
    })
    const registry = inProcessSchemaRegistry()
    const message = await messageOf(amount(2), '12.50', registry)
    const reader = avro({ schema: amount(3) }).bind!({ schemaRegistry: registry })
    await reader.resolve!([message], context)
    expect(() => reader.deserialize(message, context)).toThrow(/DECIMAL_SCALE_MISMATCH/)
  })
})
