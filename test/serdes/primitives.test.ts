import { describe, expect, it } from 'vitest'
import { ConfigError, DeserializationError, SerializationError } from '../../src/core/errors.ts'
import {
  bytes,
  double,
  integer,
  long,
  sessionWindowed,
  string,
  windowed,
  type Serde,
} from 'millrace/serdes'

const context = { topic: 'purchases', part: 'value' } as const

/** Reads through both entries, the second one amid other bytes, and requires them to agree. */
function read<T>(serde: Serde<T>, written: Buffer): T {
  const value = serde.deserialize(written, context)
  const amid = Buffer.concat([Buffer.from([0xff, 0x31]), written, Buffer.from([0xc3])])
  expect(serde.deserializeAt!(amid, 2, 2 + written.length, context)).toEqual(value)
  return value
}

describe('string', () => {
  it.each(['', 'a', '00042', 'héllo', '日本語', '😀', 'x'.repeat(1000), 'é'.repeat(30), '\ufffd'])(
    'reads %j back',
    (text) => {
      const written = string().serialize(text, context)
      expect(written).toEqual(Buffer.from(text, 'utf8'))
      expect(read(string(), written)).toBe(text)
    },
  )

  it('refuses bytes that are not UTF-8, naming the topic', () => {
    expect(() => string().deserialize(Buffer.from([0x61, 0xff]), context)).toThrow(
      /Cannot read the value of topic purchases as string: the 2 bytes are not valid UTF-8/,
    )
  })

  it('refuses half of a surrogate pair, which would make different keys equal', () => {
    expect(() => string().serialize('a\ud800', context)).toThrow(SerializationError)
  })

  it('refuses what is no string', () => {
    expect(() => string().serialize(5 as unknown as string, context)).toThrow(
      /expected a string, got number 5/,
    )
  })
})

describe('bytes', () => {
  it('gives a copy, since the batch that a record lies in is used again', () => {
    const batch = Buffer.from([1, 2, 3, 4])
    const value = bytes().deserializeAt!(batch, 1, 3, context)
    batch.fill(9)
    expect(value).toEqual(Buffer.from([2, 3]))
  })

  it('takes a Uint8Array that is a part of a larger memory', () => {
    const part = new Uint8Array([1, 2, 3, 4]).subarray(1, 3)
    expect(bytes().serialize(part as Buffer, context)).toEqual(Buffer.from([2, 3]))
  })

  it('refuses a string', () => {
    expect(() => bytes().serialize('a' as unknown as Buffer, context)).toThrow(SerializationError)
  })
})

describe('numbers as Java writes them', () => {
  it.each([
    [0, '00000000'],
    [1, '00000001'],
    [-1, 'ffffffff'],
    [2147483647, '7fffffff'],
    [-2147483648, '80000000'],
  ])('integer %d', (value, hex) => {
    expect(integer().serialize(value, context).toString('hex')).toBe(hex)
    expect(read(integer(), Buffer.from(hex, 'hex'))).toBe(value)
  })

  it.each([
    [0n, '0000000000000000'],
    [-1n, 'ffffffffffffffff'],
    [2n ** 63n - 1n, '7fffffffffffffff'],
    [-(2n ** 63n), '8000000000000000'],
  ])('long %d', (value, hex) => {
    expect(long().serialize(value, context).toString('hex')).toBe(hex)
    expect(read(long(), Buffer.from(hex, 'hex'))).toBe(value)
  })

  it.each([0, 1, -1, 4294967296, -4294967297, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER])(
    'long as a number %d has the bytes of the bigint',
    (value) => {
      const serde = long({ as: 'number' })
      const written = serde.serialize(value, context)
      expect(written).toEqual(long().serialize(BigInt(value), context))
      expect(read(serde, written)).toBe(value)
    },
  )

  it.each([
    [0, '0000000000000000'],
    [1.5, '3ff8000000000000'],
    [Number.POSITIVE_INFINITY, '7ff0000000000000'],
  ])('double %d', (value, hex) => {
    expect(double().serialize(value, context).toString('hex')).toBe(hex)
    expect(read(double(), Buffer.from(hex, 'hex'))).toBe(value)
  })

  it('never loses precision: a long beyond the safe numbers is an error as a number', () => {
    const beyond = long().serialize(2n ** 53n, context)
    expect(() => long({ as: 'number' }).deserialize(beyond, context)).toThrow(
      /9007199254740992 is beyond the safe numbers; use long\(\) for bigint/,
    )
    expect(() => long({ as: 'number' }).serialize(2 ** 53, context)).toThrow(SerializationError)
  })

  it.each([
    ['integer', () => integer().serialize(1.5, context)],
    ['integer', () => integer().serialize(2147483648, context)],
    ['integer', () => integer().serialize(-0.5, context)],
    ['long', () => long().serialize(2n ** 63n, context)],
    ['long', () => long().serialize(1 as unknown as bigint, context)],
    ['double', () => double().serialize('1' as unknown as number, context)],
  ])('%s refuses a value it cannot hold', (name, write) => {
    expect(write).toThrow(SerializationError)
    expect(write).toThrow(new RegExp(`Cannot write the value for topic purchases as ${name}`))
  })

  it.each([integer(), long(), long({ as: 'number' }), double()])(
    '$name refuses a wrong number of bytes',
    (serde) => {
      expect(() => serde.deserialize(Buffer.alloc(3), context)).toThrow(DeserializationError)
      expect(() => serde.deserialize(Buffer.alloc(9), context)).toThrow(/got 9/)
    },
  )
})

describe('windowed', () => {
  const serde = windowed(string(), 60_000)

  it('writes the key and the start in 8 bytes, as TimeWindowedSerializer does', () => {
    const written = serde.serialize({ key: 'k', startMs: 1_000, endMs: 61_000 }, context)
    expect(written.toString('hex')).toBe('6b00000000000003e8')
    expect(read(serde, written)).toEqual({ key: 'k', startMs: 1_000, endMs: 61_000 })
  })

  it('keeps starts above 32 bits', () => {
    const startMs = Date.UTC(2026, 10, 21)
    const written = serde.serialize({ key: '', startMs, endMs: startMs + 60_000 }, context)
    expect(read(serde, written)).toEqual({ key: '', startMs, endMs: startMs + 60_000 })
  })

  it('refuses bytes too short for a start, and a key that is no windowed one', () => {
    expect(() => serde.deserialize(Buffer.alloc(7), context)).toThrow(/at least 8 bytes, got 7/)
    expect(() => serde.serialize('k' as never, context)).toThrow(/expected a windowed key/)
  })

  it('refuses a size that is none', () => {
    expect(() => windowed(string(), 0)).toThrow(ConfigError)
  })

  it('passes binding, preparation and resolution on to the key within', async () => {
    const calls: string[] = []
    const inner: Serde<string> = {
      ...string(),
      name: 'inner',
      resolve: (values) => void calls.push(`resolve ${values.map((v) => v.toString()).join()}`),
      prepare: async () => void calls.push('prepare'),
      bind: () => {
        calls.push('bind')
        return inner
      },
    }
    const bound = windowed(inner, 10).bind!({})
    await bound.prepare!(context)
    const key = { key: 'ab', startMs: 0, endMs: 10 }
    await bound.resolve!([bound.serialize(key, context), Buffer.alloc(2)], context)
    expect(calls).toEqual(['bind', 'prepare', 'resolve ab'])
  })
})

describe('sessionWindowed', () => {
  const serde = sessionWindowed(string())

  it('writes the key, the end and the start in 8 bytes each, as SessionWindowedSerializer does', () => {
    const key = { key: 'k', startMs: 1_000, endMs: 1_700_000_000_000 }
    const written = serde.serialize(key, context)
    expect(written.toString('hex')).toBe('6b0000018bcfe5680000000000000003e8')
    expect(read(serde, written)).toEqual(key)
  })

  it('has the key within to partition by', () => {
    const written = serde.serialize({ key: 'ab', startMs: 1, endMs: 2 }, context)
    expect(serde.partitioningBytes!(written).toString()).toBe('ab')
  })

  it('refuses bytes too short for two times, times that are none, and a key without a session', () => {
    expect(() => serde.deserialize(Buffer.alloc(15), context)).toThrow(/at least 16 bytes, got 15/)
    expect(() => serde.deserialize(Buffer.alloc(16, 0x7f), context)).toThrow(/no point in time/)
    expect(() => serde.serialize('k' as never, context)).toThrow(/expected a session's key/)
    const half = { key: 'k', startMs: 1 } as never
    expect(() => serde.serialize(half, context)).toThrow(/expected a session's key/)
  })

  it('passes binding, preparation and resolution on to the key within', async () => {
    const calls: string[] = []
    const inner: Serde<string> = {
      ...string(),
      resolve: (values) => void calls.push(`resolve ${values.map((v) => v.toString()).join()}`),
      prepare: async () => void calls.push('prepare'),
      bind: () => {
        calls.push('bind')
        return inner
      },
    }
    const bound = sessionWindowed(inner).bind!({})
    await bound.prepare!(context)
    const key = { key: 'ab', startMs: 0, endMs: 10 }
    await bound.resolve!([bound.serialize(key, context), Buffer.alloc(2)], context)
    expect(calls).toEqual(['bind', 'prepare', 'resolve ab'])
  })
})
