import assert from 'node:assert/strict'
import avsc from 'avsc'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AvroBytesError } from '../../../src/serdes/avro/avro-reader.ts'
import { readIncompatibilities } from '../../../src/serdes/avro/can-read.ts'
import { AvroCodec } from '../../../src/serdes/avro/codec.ts'
import { parseSchema } from '../../../src/serdes/avro/parse-schema.ts'
import { schemaText } from '../../../src/serdes/avro/schema-text.ts'
import { evolved, schemaAndValue } from './schema-arbitraries.ts'

const withValue = schemaAndValue(2).chain(({ schema, value }) =>
  fc.record({ schema: fc.constant(schema), value }),
)

const copy = (schema: unknown): never => structuredClone(schema) as never

describe('AvroCodec', () => {
  it('reads back what it writes', () => {
    fc.assert(
      fc.property(withValue, ({ schema, value }) => {
        const codec = new AvroCodec(schema, {})
        const bytes = codec.encode(value, 3)
        const reads = codec.readsOf(codec.text)
        // Vitest takes a field named constructor for the object's own.
        assert.deepStrictEqual(codec.decode(reads, bytes, 3, bytes.length), value)
      }),
      { numRuns: 300 },
    )
  })

  it('writes the bytes that avsc writes', () => {
    fc.assert(
      fc.property(withValue, ({ schema, value }) => {
        const codec = new AvroCodec(schema, {})
        // avsc writes some negative longs beyond 2^52 as others.
        fc.pre(!/\d{16}/.test(JSON.stringify(value)))
        const type = avsc.Type.forSchema(copy(schema), { wrapUnions: 'auto' })
        expect(codec.encode(value, 0).toString('hex')).toBe(type.toBuffer(value).toString('hex'))
      }),
      { numRuns: 200 },
    )
  })

  it('gives every long in the bytes of the specification', () => {
    const codec = new AvroCodec('long', { long: 'bigint' })
    const reads = codec.readsOf('"long"')
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
        const bytes = codec.encode(value, 0)
        expect(codec.decode(reads, bytes, 0, bytes.length)).toBe(value)
        let zigzag = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n))
        const expected: number[] = []
        for (; zigzag > 127n; zigzag >>= 7n) expected.push(Number(zigzag & 127n) | 128)
        expect([...bytes]).toEqual([...expected, Number(zigzag)])
      }),
    )
  })

  it('takes damaged bytes for a value or throws, and never reads beyond them', () => {
    const damage = fc.record({
      at: fc.nat(),
      byte: fc.integer({ min: 0, max: 255 }),
      cut: fc.nat({ max: 3 }),
    })
    fc.assert(
      fc.property(withValue, damage, ({ schema, value }, { at, byte, cut }) => {
        const codec = new AvroCodec(schema, {})
        const bytes = codec.encode(value, 0)
        fc.pre(bytes.length > cut)
        bytes[at % bytes.length] = byte
        const end = bytes.length - cut
        try {
          codec.decode(codec.readsOf(codec.text), bytes, 0, end)
        } catch (error) {
          expect(error).toBeInstanceOf(AvroBytesError)
        }
      }),
      { numRuns: 300 },
    )
  })

  it('keeps a schema the same through parsing and printing', () => {
    fc.assert(
      fc.property(schemaAndValue(), ({ schema }) => {
        const once = schemaText(parseSchema(schema))
        expect(schemaText(parseSchema(once))).toBe(once)
        const type = avsc.Type.forSchema(copy(schema))
        expect(type.equals(avsc.Type.forSchema(JSON.parse(once) as never))).toBe(true)
      }),
    )
  })
})

describe('compatibility', () => {
  const pair = withValue.chain((writer) =>
    fc.record({
      writer: fc.constant(writer),
      reader: fc.oneof(
        { weight: 9, arbitrary: evolved(writer.schema) },
        { weight: 1, arbitrary: schemaAndValue(2).map(({ schema }) => schema) },
      ),
    }),
  )

  it('is judged as avsc judges it', () => {
    fc.assert(
      fc.property(pair, ({ reader, writer }) => {
        // avsc itself takes a field of this name to be in every record; see record-type.ts.
        const [readerSchema, writerSchema] = JSON.parse(
          JSON.stringify([reader, writer.schema]).replaceAll('constructor', 'd'),
        ) as [never, never]
        const found = readIncompatibilities(parseSchema(readerSchema), parseSchema(writerSchema))
        let readable = true
        try {
          const writerType = avsc.Type.forSchema(writerSchema)
          avsc.Type.forSchema(readerSchema).createResolver(writerType)
        } catch {
          readable = false
        }
        expect([readable, found]).toEqual([found.length === 0, found])
      }),
      { numRuns: 400 },
    )
  })

  it('is kept: what may be read is read, in values of the reader', () => {
    let read = 0
    fc.assert(
      fc.property(pair, ({ reader, writer }) => {
        const codec = new AvroCodec(reader, {})
        const readerNode = parseSchema(reader)
        const writerNode = parseSchema(writer.schema)
        if (readIncompatibilities(readerNode, writerNode).length > 0) {
          expect(() => codec.readsOf(schemaText(writerNode))).toThrow(/was written as/)
          return
        }
        read++
        const bytes = new AvroCodec(writer.schema, {}).encode(writer.value, 0)
        // Bytes read as a string may be no text; that is for the value to tell, not for the schemas.
        fc.pre(
          !/bytes/.test(JSON.stringify(writer.schema)) || !/string/.test(JSON.stringify(reader)),
        )
        const value = codec.decode(codec.readsOf(schemaText(writerNode)), bytes, 0, bytes.length)
        // Equal as a value of the reader's schema: it can be written again.
        expect(() => codec.encode(value, 0)).not.toThrow()
      }),
      { numRuns: 400 },
    )
    expect(read).toBeGreaterThan(50)
  })
})
