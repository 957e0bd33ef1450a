import { describe, expect, it } from 'vitest'
import { DeserializationError, SerializationError } from '../../src/core/errors.ts'
import { json, long, validated } from '../../src/serdes/index.ts'
import type { Serde } from '../../src/serdes/serde.ts'

interface Line {
  readonly units: number
}

const context = { topic: 'lines', part: 'value' } as const
const atLeastOne = (line: Line): { field: string; reason: string } | undefined =>
  line.units < 1 ? { field: 'units', reason: `${line.units} is below one` } : undefined
const serde = validated(json<Line>(), atLeastOne)
const bytesOf = (line: Line): Buffer => Buffer.from(JSON.stringify(line))

describe('validated', () => {
  it('reads and writes what obeys the rule', () => {
    expect(serde.deserialize(serde.serialize({ units: 2 }, context), context)).toEqual({ units: 2 })
  })

  it('refuses to read or write what breaks it, naming topic and field', () => {
    const bad = { units: 0 }
    expect(() => serde.deserialize(bytesOf(bad), context)).toThrow(DeserializationError)
    expect(() => serde.deserialize(bytesOf(bad), context)).toThrow(
      /topic lines .* 0 is below one \[field units\]/,
    )
    expect(() => serde.serialize(bad, context)).toThrow(SerializationError)
  })

  it('checks on the fast path too, also where the inner serde has none', () => {
    const buffer = Buffer.concat([Buffer.from('--'), bytesOf({ units: 0 })])
    expect(() => serde.deserializeAt!(buffer, 2, buffer.length, context)).toThrow(/below one/)
    const { name, serialize, deserialize } = json<Line>()
    const slow = validated({ name, serialize, deserialize }, atLeastOne)
    expect(() => slow.deserializeAt!(buffer, 2, buffer.length, context)).toThrow(/below one/)
    const good = bytesOf({ units: 3 })
    expect(slow.deserializeAt!(good, 0, good.length, context)).toEqual({ units: 3 })
  })

  it('keeps the rule when it is bound', () => {
    const bindable: Serde<Line> = { ...json<Line>(), bind: () => json<Line>() }
    const bound = validated(bindable, atLeastOne).bind!({})
    expect(() => bound.deserialize(bytesOf({ units: 0 }), context)).toThrow(/below one/)
  })

  it('has just the optional methods of the inner serde', () => {
    expect(serde.bind).toBeUndefined()
    expect(validated(long(), () => undefined).fromText!('12')).toBe(12n)
  })
})
