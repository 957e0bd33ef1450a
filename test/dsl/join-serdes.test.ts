import { readFileSync } from 'node:fs'
import { string, type Serde } from 'millrace/serdes'
import { describe, expect, it } from 'vitest'
import { DeserializationError } from '../../src/core/errors.ts'
import { bufferedKeySerde } from '../../src/dsl/buffered-key.ts'
import { unmatchedKeySerde, unmatchedValuesSerde } from '../../src/dsl/unmatched-serdes.ts'
import type { SideValue } from '../../src/dsl/unmatched.ts'

interface Formats {
  readonly unmatchedKeys: readonly {
    readonly timestampMs: number
    readonly left: boolean
    readonly key: string
    readonly bytes: string
  }[]
  readonly unmatchedValues: readonly {
    readonly left: boolean
    readonly texts: string
    readonly bytes: string
  }[]
  readonly bufferedKeys: readonly {
    readonly timestampMs: number
    readonly key: string
    readonly sequence: number
    readonly bytes: string
  }[]
}

const golden = new URL('../golden/join-formats.json', import.meta.url)
const formats = JSON.parse(readFileSync(golden, 'utf8')) as Formats
const keyContext = { topic: 'changelog', part: 'key' } as const
const valueContext = { topic: 'changelog', part: 'value' } as const
const unmatchedKeys = unmatchedKeySerde(string())
const unmatchedValues = unmatchedValuesSerde(string(), string())
const bufferedKeys = bufferedKeySerde(string())

/** A serde that notes what it is asked to resolve, prepare and bind. */
function noting(name: string, notes: string[]): Serde<string> {
  const serde: Serde<string> = {
    ...string(),
    resolve: (values, { topic }) => {
      notes.push(...values.map((bytes) => `${name} of ${topic} resolves ${bytes.toString()}`))
      return name === 'slow' ? Promise.resolve() : undefined
    },
    prepare: async ({ topic }) => void notes.push(`${name} prepares ${topic}`),
    bind: () => {
      notes.push(`${name} is bound`)
      return serde
    },
  }
  return serde
}

describe('what joins hold back is written and read as by Kafka Streams:', () => {
  it.each(formats.unmatchedKeys)('the key of a record without a match, $bytes', (row) => {
    const { bytes, ...key } = row
    expect(unmatchedKeys.serialize(key, keyContext).toString('hex')).toBe(bytes)
    expect(unmatchedKeys.deserialize(Buffer.from(bytes, 'hex'), keyContext)).toEqual(key)
  })

  it.each(formats.unmatchedValues)('the values of records without a match, $bytes', (row) => {
    const { left, texts, bytes } = row
    const values = texts.split(',').map((value): SideValue<string, string> => ({ left, value }))
    expect(unmatchedValues.serialize(values, valueContext).toString('hex')).toBe(bytes)
    expect(unmatchedValues.deserialize(Buffer.from(bytes, 'hex'), valueContext)).toEqual(values)
  })

  it.each(formats.bufferedKeys)('the key of a record that waits for a table, $bytes', (row) => {
    const { bytes, ...key } = row
    expect(bufferedKeys.serialize(key, keyContext).toString('hex')).toBe(bytes)
    expect(bufferedKeys.deserialize(Buffer.from(bytes, 'hex'), keyContext)).toEqual(key)
  })
})

describe('bytes of what joins hold back', () => {
  it.each([
    ['a key without a match', () => unmatchedKeys.deserialize(Buffer.alloc(8), keyContext)],
    ['a key that waits', () => bufferedKeys.deserialize(Buffer.alloc(12), keyContext)],
  ])('that are cut off are refused: %s', (_name, read) => {
    expect(read).toThrow(DeserializationError)
    expect(read).toThrow(/bytes of a key of changelog .* cut off/)
  })

  it.each([
    ['no head', '0100'],
    ['another kind of list', '000000000100000005016c656674'],
    ['an entry less than said', '010000000200000005016c656674'],
    ['an entry that ends early', '010000000100000009016c656674'],
    ['an entry without a side', '010000000100000000'],
  ])('that are no list of values are refused: %s', (_name, hex) => {
    const bytes = Buffer.from(hex, 'hex')
    expect(() => unmatchedValues.deserialize(bytes, valueContext)).toThrow(DeserializationError)
    expect(unmatchedValues.resolve?.([bytes], valueContext)).toBeUndefined()
  })

  it('let the serdes within resolve, prepare and be bound, each side under a topic of its own', async () => {
    const notes: string[] = []
    const serde = unmatchedValuesSerde(noting('left', notes), noting('slow', notes))
    const bound = serde.bind!({})
    await bound.prepare!(valueContext)
    const values = [
      { left: true, value: 'a' },
      { left: false, value: 'b' },
    ] as const
    const bytes = bound.serialize(values, valueContext)
    await bound.resolve!([bytes, Buffer.alloc(3)], valueContext)
    expect(bound.deserialize(bytes, valueContext)).toEqual(values)
    expect(notes).toEqual([
      'left is bound',
      'slow is bound',
      'left prepares changelog',
      'slow prepares changelog-right',
      'left of changelog resolves a',
      'slow of changelog-right resolves b',
    ])
  })

  it.each([
    [
      'of a record without a match',
      (inner: Serde<string>) => {
        const serde = unmatchedKeySerde(inner).bind!({})
        return {
          serde,
          bytes: unmatchedKeys.serialize({ timestampMs: 1, left: true, key: 'k' }, keyContext),
        }
      },
    ],
    [
      'of a record that waits',
      (inner: Serde<string>) => {
        const serde = bufferedKeySerde(inner).bind!({})
        return {
          serde,
          bytes: bufferedKeys.serialize({ timestampMs: 1, key: 'k', sequence: 2 }, keyContext),
        }
      },
    ],
  ])('let the serde of keys resolve, prepare and be bound: %s', async (_name, make) => {
    const notes: string[] = []
    const { serde, bytes } = make(noting('key', notes))
    await serde.prepare!(keyContext)
    await serde.resolve!([bytes, Buffer.alloc(3)], keyContext)
    expect(notes).toEqual(['key is bound', 'key prepares changelog', 'key of changelog resolves k'])
  })
})
