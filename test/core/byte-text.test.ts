import { expect, test } from 'vitest'
import fc from 'fast-check'
import { byteText, isAscii, unpacked, writePacked } from '../../src/core/byte-text.ts'
import { partitionForKey } from '../../src/core/murmur2.ts'
import { json, long, string } from '../../src/serdes/index.ts'

const context = { topic: 't', part: 'value' } as const

test('bytes as text are the same bytes, written and placed alike', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (array) => {
      const bytes = Buffer.from(array)
      const text = byteText(bytes)
      expect(unpacked(text).equals(bytes)).toBe(true)
      const target = Buffer.alloc(bytes.length + 2)
      expect(writePacked(text, target, 1)).toBe(bytes.length + 1)
      expect(target.subarray(1, -1).equals(bytes)).toBe(true)
      expect(partitionForKey(text, 64)).toBe(partitionForKey(bytes, 64))
    }),
  )
})

test('serdes give the same bytes as text, and read it back', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 100 }), (value) => {
      for (const serde of [string(), json<string>()]) {
        const bytes = serde.serialize(value, context)
        const packed = serde.serializeText!(value, context)
        expect(unpacked(packed).equals(bytes)).toBe(true)
        expect(typeof packed === 'string').toBe(isAscii(byteText(bytes)))
        if (typeof packed === 'string') {
          expect(serde.deserializeText!(packed, context)).toBe(value)
        }
      }
    }),
  )
})

test('whole numbers give the same bytes as text, and are read back from any text of eight bytes', () => {
  const serde = long({ as: 'number' })
  const numbers = fc.oneof(fc.maxSafeInteger(), fc.integer(), fc.nat(70_000), fc.nat(0xff_ff_ff))
  fc.assert(
    fc.property(numbers, (value) => {
      const bytes = serde.serialize(value, context)
      expect(unpacked(serde.serializeText!(value, context)).equals(bytes)).toBe(true)
      const text = byteText(bytes)
      if (isAscii(text)) expect(serde.deserializeText!(text, context)).toBe(value)
    }),
  )
  expect(typeof serde.serializeText!(127, context)).toBe('string')
  expect(() => serde.serializeText!(0.5, context)).toThrow('safe whole number')
  expect(() => serde.deserializeText!('1234567', context)).toThrow('expected 8 bytes')
  expect(() => serde.deserializeText!('\x7f\0\0\0\0\0\0\0', context)).toThrow('safe numbers')
})

test('a serde made of another one is asked by the methods that it has written anew', () => {
  const reversed = { ...string(), serialize: (value: string) => Buffer.from(value).reverse() }
  expect(reversed.serializeText).toBeUndefined()
})
