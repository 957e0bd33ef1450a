import { string } from 'millrace/serdes'
import { describe, expect, it } from 'vitest'
import { BufferedChange, bufferedChangeSerde } from '../../src/dsl/buffered-change.ts'

const context = { topic: 'app-calm-store-changelog', part: 'value' } as const
const serde = bufferedChangeSerde(string())

function held(
  bufferTimeMs: number,
  [priorValue, oldValue, newValue]: readonly [string | null, string | null, string | null],
  timestampMs: number,
  offset: number,
): BufferedChange<string> {
  const origin = { topic: 'in', partition: 0, offset }
  return new BufferedChange(
    bufferTimeMs,
    { priorValue, oldValue, newValue },
    { timestampMs, headers: [], origin },
  )
}

const withHeaders = new BufferedChange(
  5,
  { priorValue: null, oldValue: 'one', newValue: 'two' },
  {
    timestampMs: 6,
    headers: [
      { key: 'id', value: Buffer.of(1, 2) },
      { key: 'none', value: null },
    ],
    origin: { topic: 'in', partition: 0, offset: 1 },
  },
)

// What Kafka Streams 4.3.1 writes to the changelog of `table("in").suppress(…)` in its TopologyTestDriver.
const written: [string, BufferedChange<string>, string][] = [
  [
    'a first value',
    held(5, [null, null, 'one'], 5, 0),
    '0000000000000005000000000000000000000002696e0000000000000000ffffffffffffffff000000036f6e650000000000000005',
  ],
  [
    'headers, one without a value',
    withHeaders,
    '0000000000000006000000000000000100000002696e0000000000000002000000026964000000020102000000046e6f6e65' +
      'ffffffffffffffff000000036f6e650000000374776f0000000000000005',
  ],
  [
    'an old value that was there before',
    held(31, ['three', 'three', 'three'], 31, 4),
    '000000000000001f000000000000000400000002696e0000000000000000000000057468726565fffffffe000000057468726565000000000000001f',
  ],
  [
    'a deletion',
    held(31, ['three', 'three', null], 32, 5),
    '0000000000000020000000000000000500000002696e0000000000000000000000057468726565fffffffeffffffff000000000000001f',
  ],
]

describe('a held-back update in the changelog', () => {
  it.each(written)('%s: has the bytes of Kafka Streams', (_name, change, hex) => {
    expect(serde.serialize(change, context).toString('hex')).toBe(hex)
  })

  it.each(written)('%s: is read back', (_name, change) => {
    const bytes = serde.serialize(change, context)
    expect(serde.deserialize(bytes, context)).toEqual(change)
  })

  it('of a punctuation has no place', () => {
    const values = { priorValue: 'a', oldValue: 'b', newValue: 'c' }
    const change = new BufferedChange(1, values, { timestampMs: 2, headers: [], origin: undefined })
    expect(serde.deserialize(serde.serialize(change, context), context)).toEqual(change)
    // Timestamp, offset, partition and three letters.
    expect(change.sizeBytes).toBe(8 + 8 + 4 + 3)
  })

  it('that is cut off is refused with the name of the topic', () => {
    const bytes = serde.serialize(withHeaders, context)
    for (const length of [0, 7, 20, 40, bytes.length - 1]) {
      expect(() => serde.deserialize(bytes.subarray(0, length), context)).toThrow(
        /app-calm-store-changelog is no update that a suppression held back/,
      )
    }
  })

  it('hands the values within it to a serde that resolves', async () => {
    const seen: string[] = []
    const resolving = bufferedChangeSerde({
      ...string(),
      resolve: (values: readonly Buffer[]) => {
        seen.push(...values.map(String))
        return undefined
      },
    })
    const bytes = serde.serialize(held(1, ['a', 'b', null], 1, 0), context)
    await resolving.resolve!([bytes, Buffer.of(1)], context)
    expect(seen).toEqual(['a', 'b'])
  })
})
