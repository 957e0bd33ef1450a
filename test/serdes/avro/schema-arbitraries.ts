import fc from 'fast-check'

/** A schema and values of it, in the default representation. */
export interface SchemaAndValue {
  readonly schema: unknown
  readonly value: fc.Arbitrary<unknown>
}

const text = fc.string({ unit: 'grapheme', maxLength: 80 })
const safeLong = fc.oneof(fc.maxSafeInteger(), fc.integer())
const primitive: readonly SchemaAndValue[] = [
  { schema: 'null', value: fc.constant(null) },
  { schema: 'boolean', value: fc.boolean() },
  { schema: 'int', value: fc.integer() },
  { schema: 'long', value: safeLong },
  { schema: 'float', value: fc.float() },
  { schema: 'double', value: fc.double() },
  { schema: 'string', value: text },
  { schema: 'bytes', value: fc.uint8Array({ maxLength: 20 }).map((b) => Buffer.from(b)) },
]

const enumeration = (name: string): fc.Arbitrary<SchemaAndValue> =>
  fc.subarray(['A', 'B', 'C', 'D'], { minLength: 1 }).map((symbols) => ({
    schema: { type: 'enum', name, symbols },
    value: fc.constantFrom(...symbols),
  }))

const fixed = (name: string): fc.Arbitrary<SchemaAndValue> =>
  fc.integer({ min: 0, max: 4 }).map((size) => ({
    schema: { type: 'fixed', name, size },
    value: fc.uint8Array({ minLength: size, maxLength: size }).map((b) => Buffer.from(b)),
  }))

const fieldNames = ['a', 'b', 'c', 'constructor'] as const

/**
 * Schemas with values. Names depend only on the place in the schema (`R`, `R_a`), so that two schemas drawn apart have
 * many names in common and can often be read as one another.
 */
export function schemaAndValue(
  depth: number = 3,
  name: string = 'R',
): fc.Arbitrary<SchemaAndValue> {
  const simple = fc.oneof(fc.constantFrom(...primitive), enumeration(name), fixed(name))
  if (depth === 0) return simple
  const part = (suffix: string): fc.Arbitrary<SchemaAndValue> =>
    schemaAndValue(depth - 1, `${name}_${suffix}`)
  return fc.oneof(
    simple,
    part('items').map(({ schema, value }) => ({
      schema: { type: 'array', items: schema },
      value: fc.array(value, { maxLength: 4 }),
    })),
    part('values').map(({ schema, value }) => ({
      schema: { type: 'map', values: schema },
      value: fc.dictionary(text, value, { maxKeys: 4, noNullPrototype: true }),
    })),
    part('nullable')
      .filter(({ schema }) => schema !== 'null' && !Array.isArray(schema))
      .map(({ schema, value }) => ({
        schema: ['null', schema],
        value: fc.oneof(fc.constant(null), value),
      })),
    record(part, name),
  )
}

function record(
  part: (suffix: string) => fc.Arbitrary<SchemaAndValue>,
  name: string,
): fc.Arbitrary<SchemaAndValue> {
  const fields = fc.record(
    Object.fromEntries(fieldNames.map((field) => [field, fc.option(part(field))])),
  )
  return fields.map((drawn) => {
    // Not by `drawn[field]`: every object has a constructor.
    const types = new Map(Object.entries(drawn))
    const present = fieldNames.flatMap((field) => {
      const type = types.get(field)
      return type ? [{ field, type }] : []
    })
    return {
      schema: {
        type: 'record',
        name,
        fields: present.map(({ field, type }) => ({
          name: field,
          type: type.schema,
          // A default where the first branch takes null: then a reader may lack the field.
          ...(Array.isArray(type.schema) && { default: null }),
        })),
      },
      value: fc.record(Object.fromEntries(present.map(({ field, type }) => [field, type.value])), {
        noNullPrototype: true,
      }),
    }
  })
}

type Json = Record<string, unknown> & { fields: Json[]; symbols: string[] }

const promoted: Record<string, readonly string[]> = {
  int: ['long', 'float', 'double', 'string'],
  long: ['float', 'double', 'int'],
  float: ['double', 'long'],
  string: ['bytes'],
  bytes: ['string'],
}

/** A later version of a schema: fields added, removed, renamed and widened, some changes allowed and some not. */
export function evolved(schema: unknown): fc.Arbitrary<unknown> {
  if (typeof schema === 'string') {
    const others = promoted[schema] ?? []
    const nullable = schema === 'null' ? [] : [fc.constant(['null', schema])]
    return often(schema, fc.oneof(fc.constantFrom(schema, ...others), ...nullable))
  }
  if (Array.isArray(schema)) return evolved(schema[1]).map(asNullable)
  const json = schema as Json
  if (json['type'] === 'array') return evolved(json['items']).map((items) => ({ ...json, items }))
  if (json['type'] === 'map') return evolved(json['values']).map((values) => ({ ...json, values }))
  if (json['type'] === 'enum') return evolvedEnum(json)
  if (json['type'] === 'record') return evolvedRecord(json)
  return often(schema, fc.constant({ ...json, size: 7 }))
}

function often(schema: unknown, other: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 3, arbitrary: fc.constant(schema) }, { weight: 1, arbitrary: other })
}

function asNullable(schema: unknown): unknown {
  return schema === 'null' || Array.isArray(schema) ? schema : ['null', schema]
}

function evolvedEnum(json: Json): fc.Arbitrary<unknown> {
  const fewer = { ...json, symbols: json.symbols.slice(0, 1) }
  return often(
    json,
    fc.constantFrom<unknown>(
      { ...json, symbols: ['X', ...json.symbols] },
      fewer,
      { ...fewer, default: fewer.symbols[0] },
      { ...json, name: `${String(json['name'])}Renamed`, aliases: [json['name']] },
    ),
  )
}

function evolvedRecord(json: Json): fc.Arbitrary<unknown> {
  const fields = json.fields.map((field) =>
    fc.oneof(
      { weight: 6, arbitrary: evolved(field['type']).map((type) => [{ ...field, type }]) },
      { weight: 1, arbitrary: fc.constant([]) },
      {
        weight: 1,
        arbitrary: fc.constant([
          { ...field, name: `${String(field['name'])}2`, aliases: [field['name']] },
        ]),
      },
    ),
  )
  const added = fc.oneof(
    { weight: 4, arbitrary: fc.constant([]) },
    { weight: 2, arbitrary: fc.constant([{ name: 'added', type: 'int', default: 5 }]) },
    { weight: 1, arbitrary: fc.constant([{ name: 'added', type: 'int' }]) },
  )
  return fc.tuple(added, ...fields).map((parts) => ({
    ...json,
    fields: parts.flat().map((field) => withoutWrongDefault(field as Json)),
  }))
}

/** A type that no longer begins with null cannot keep null as its default. */
function withoutWrongDefault(field: Json): Json {
  if (field['default'] !== null || Array.isArray(field['type'])) return field
  const { default: _default, ...rest } = field
  return rest as Json
}
