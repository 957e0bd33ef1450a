import { describe, expect, expectTypeOf, it, vi } from 'vitest'
import { ConfigError, DeserializationError, SerializationError } from '../../src/core/errors.ts'
import { json, type Serde, type StandardSchema } from 'millrace/serdes'

const context = { topic: 'orders', part: 'value' } as const

interface Order {
  readonly id: string
  readonly units: number
}

const orderSchema: StandardSchema<unknown, Order> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate(value) {
      const order = value as Order
      if (!(order.units >= 1)) {
        return { issues: [{ message: 'must be at least 1', path: [{ key: 'units' }] }] }
      }
      return { value: order }
    },
  },
}

describe('json', () => {
  it.each([null, 1, 'text', [1, null], { a: { b: [true] } }, { a: undefined }, 'é日😀'])(
    'reads %j back',
    (value) => {
      const written = json<unknown>().serialize(value, context)
      expect(json<unknown>().deserialize(written, context)).toEqual(
        JSON.parse(JSON.stringify(value)),
      )
      const amid = Buffer.concat([Buffer.from('{'), written, Buffer.from('}')])
      expect(json<unknown>().deserializeAt!(amid, 1, 1 + written.length, context)).toEqual(
        JSON.parse(JSON.stringify(value)),
      )
    },
  )

  it('says what is wrong with text that is no JSON', () => {
    expect(() => json().deserialize(Buffer.from('{"a":'), context)).toThrow(
      /Cannot read the value of topic orders as json: /,
    )
    expect(() => json().deserialize(Buffer.from([0x22, 0xff, 0x22]), context)).toThrow(/UTF-8/)
  })

  it.each([
    [{ lines: [{ price: Number.NaN }] }, 'lines.0.price', /cannot hold NaN/],
    [{ total: 5n }, 'total', /bigint 5n/],
    [{ list: [undefined] }, 'list.0', /undefined in a list/],
    [{ list: [() => 1] }, 'list.0', /a function in a list/],
  ])('refuses what JSON would lose and names the field: %#', (value, field, reason) => {
    const error = caught(() => json<unknown>().serialize(value, context))
    expect(error).toBeInstanceOf(SerializationError)
    expect((error as SerializationError).field).toBe(field)
    expect((error as Error).message).toMatch(reason)
  })

  it('refuses a value that contains itself, and one that is no JSON at all', () => {
    const circle: Record<string, unknown> = {}
    circle['self'] = { circle }
    expect(() => json<unknown>().serialize(circle, context)).toThrow(/contains itself/)
    expect(() => json<unknown>().serialize(undefined, context)).toThrow(/cannot hold undefined/)
  })

  it('takes the same object twice side by side for what it is: no circle', () => {
    const part = { a: null }
    expect(json<unknown>().serialize([part, part], context).toString()).toBe(
      '[{"a":null},{"a":null}]',
    )
  })
})

describe('json with a schema', () => {
  const serde = json({ schema: orderSchema })

  it('has the type of the schema', () => {
    expectTypeOf(serde).toEqualTypeOf<Serde<Order>>()
  })

  it('refuses on reading what the schema refuses, naming the field', () => {
    const error = caught(() => serde.deserialize(Buffer.from('{"id":"a","units":0}'), context))
    expect(error).toBeInstanceOf(DeserializationError)
    expect((error as DeserializationError).field).toBe('units')
    expect((error as Error).message).toMatch(/units: must be at least 1/)
  })

  it('refuses to write what could not be read back, unless told not to look', () => {
    const bad = { id: 'a', units: 0 }
    expect(() => serde.serialize(bad, context)).toThrow(SerializationError)
    const trusting = json({ schema: orderSchema, validateOnWrite: false })
    expect(trusting.serialize(bad, context).toString()).toBe('{"id":"a","units":0}')
  })

  it('gives what a transforming schema makes, and writes that', () => {
    const dates: StandardSchema<string, Date> = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: (value) => ({ value: new Date(value as string) }),
      },
    }
    const date = new Date(Date.UTC(1997, 0, 1))
    const written = json({ schema: dates }).serialize(date, context)
    expect(json({ schema: dates }).deserialize(written, context)).toEqual(date)
  })

  it('refuses an asynchronous validator and lets its promise go without harm', async () => {
    const unhandled = vi.fn()
    process.on('unhandledRejection', unhandled)
    const schema: StandardSchema<unknown, Order> = {
      '~standard': {
        version: 1,
        vendor: 'slow',
        validate: () => Promise.reject(new Error('late')),
      },
    }
    const read = (): unknown => json({ schema }).deserialize(Buffer.from('{}'), context)
    expect(read).toThrow(ConfigError)
    expect(read).toThrow(/the slow schema validates asynchronously/)
    await new Promise((resolve) => setImmediate(resolve))
    process.off('unhandledRejection', unhandled)
    expect(unhandled).not.toHaveBeenCalled()
  })

  it('refuses a schema that is none', () => {
    expect(() => json({ schema: {} as never })).toThrow(ConfigError)
  })
})

function caught(run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}
