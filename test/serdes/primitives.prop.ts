import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  bytes,
  double,
  integer,
  json,
  long,
  sessionWindowed,
  string,
  windowed,
  type Serde,
} from 'millrace/serdes'
import { StreamsError } from '../../src/core/errors.ts'

const context = { topic: 't', part: 'key' } as const

function readsBack<T>(serde: Serde<T>, values: fc.Arbitrary<T>): void {
  fc.assert(
    fc.property(values, fc.nat({ max: 5 }), (value, before) => {
      const written = serde.serialize(value, context)
      expect(serde.deserialize(written, context)).toStrictEqual(value)
      const amid = Buffer.concat([Buffer.alloc(before, 0xff), written, Buffer.alloc(2, 0x80)])
      const read = serde.deserializeAt!(amid, before, before + written.length, context)
      expect(read).toStrictEqual(value)
    }),
  )
}

const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 100 }),
  fc.string({ unit: 'binary-ascii', maxLength: 100 }),
  fc.string({ unit: 'binary', maxLength: 100 }),
)
const moment = fc.maxSafeInteger()

describe('primitive serdes read back what they write', () => {
  it.each<[string, () => void]>([
    ['string', () => readsBack(string(), text)],
    [
      'bytes',
      () =>
        readsBack(
          bytes(),
          fc.uint8Array().map((b) => Buffer.from(b)),
        ),
    ],
    ['integer', () => readsBack(integer(), fc.integer())],
    ['long', () => readsBack(long(), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }))],
    ['long as number', () => readsBack(long({ as: 'number' }), fc.maxSafeInteger())],
    ['double', () => readsBack(double(), fc.double())],
    [
      'json',
      () => {
        // JSON has no minus zero, and a parsed object has Object's prototype.
        const values = fc
          .jsonValue({ noUnicodeString: false })
          .map((value) => JSON.parse(JSON.stringify(value)) as unknown)
        readsBack(json<unknown>(), values)
      },
    ],
    [
      'windowed',
      () => {
        const keys = fc.record({ key: text, startMs: moment }, { noNullPrototype: true })
        readsBack(
          windowed(string(), 10),
          keys.map(({ key, startMs }) => ({ key, startMs, endMs: startMs + 10 })),
        )
      },
    ],
    [
      'sessionWindowed',
      () => {
        const keys = fc.record(
          { key: text, startMs: moment, endMs: moment },
          { noNullPrototype: true },
        )
        readsBack(sessionWindowed(string()), keys)
      },
    ],
  ])('%s', (_name, check) => {
    expect(check).not.toThrow()
  })

  it('and any bytes are a value or an error of ours', () => {
    const windows = [windowed(string(), 1), sessionWindowed(string())]
    const serdes = [string(), bytes(), integer(), long(), double(), json(), ...windows]
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20 }), fc.constantFrom(...serdes), (raw, serde) => {
        try {
          serde.deserialize(Buffer.from(raw), context)
        } catch (error) {
          expect(error).toBeInstanceOf(StreamsError)
        }
      }),
      { numRuns: 500 },
    )
  })
})
