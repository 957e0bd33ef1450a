import { readFileSync } from 'node:fs'
import { DeserializationError, SerializationError } from '../../src/core/errors.ts'
import { string } from 'millrace/serdes'
import { describe, expect, it } from 'vitest'
import { Change } from '../../src/dsl/change.ts'
import { changeSerde } from '../../src/dsl/change-serde.ts'

interface Row {
  readonly newValue: string | null
  readonly oldValue: string | null
  readonly bytes: string
}

const golden = new URL('../golden/change-format.json', import.meta.url)
const rows = JSON.parse(readFileSync(golden, 'utf8')) as Row[]
const context = { topic: 'by-value-repartition', part: 'value' } as const
const serde = changeSerde(string())

describe('changes of a grouped table', () => {
  it.each(rows)('are written and read as by Kafka Streams: $bytes', (row) => {
    const change = new Change(row.newValue, row.oldValue)
    expect(serde.serialize(change, context).toString('hex')).toBe(row.bytes)
    expect(serde.deserialize(Buffer.from(row.bytes, 'hex'), context)).toEqual(change)
  })

  it.each([
    ['old', Buffer.from('6f6c640103', 'hex'), new Change(null, 'old')],
    ['new', Buffer.from('6e65770104', 'hex'), new Change('new', null)],
    ['both', Buffer.from('066e65776f6c640105', 'hex'), new Change('new', 'old')],
  ])('are read as older releases wrote them: %s', (_name, bytes, change) => {
    expect(serde.deserialize(bytes, context)).toEqual(change)
  })

  it.each([
    ['nothing', Buffer.alloc(0), /it is empty/],
    ['an unknown last byte', Buffer.from([1, 6]), /its last byte is 6/],
    ['a length that is cut off', Buffer.from([0x80, 2]), /length of the new value is cut off/],
    ['a length past the end', Buffer.from([0x0a, 65, 2]), /5 bytes, which are not there/],
    ['a negative length', Buffer.from([0x03, 65, 2]), /-2 bytes, which are not there/],
  ])('that are none are refused: %s', (_name, bytes, message) => {
    expect(() => serde.deserialize(bytes, context)).toThrow(DeserializationError)
    expect(() => serde.deserialize(bytes, context)).toThrow(message)
  })

  it('of nothing into nothing are refused', () => {
    expect(() => serde.serialize(new Change<string>(null, null), context)).toThrow(
      SerializationError,
    )
  })

  it('let the inner serde resolve the values in them, and skip what is no change', async () => {
    const seen: string[][] = []
    const resolving = changeSerde({
      ...string(),
      resolve: (values) => void seen.push(values.map((bytes) => bytes.toString())),
    })
    const both = serde.serialize(new Change('new', 'old'), context)
    await resolving.resolve?.([both, Buffer.alloc(0)], context)
    expect(seen).toEqual([['new', 'old']])
  })
})
