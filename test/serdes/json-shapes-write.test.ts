import { afterEach, describe, expect, it, vi } from 'vitest'
import { packedText, textOf } from '../../src/serdes/json-text.ts'
import { ShapedJson } from '../../src/serdes/shaped-json.ts'
import { outcomeOf } from './outcome.ts'
import { whileInherited } from './while-inherited.ts'

const context = { topic: 't', part: 'value' } as const

class Pair {
  readonly a: unknown
  readonly b: unknown

  constructor(a: unknown, b: unknown) {
    this.a = a
    this.b = b
  }
}

class Told extends Pair {
  toJSON(): string {
    return 'told'
  }
}

/** A serde that expects objects of a string `a` and a number `b`. */
function withShape(): ShapedJson {
  const shaped = new ShapedJson()
  shaped.packed({ a: 'x', b: 1 }, context)
  return shaped
}

function expectSame(make: () => unknown): void {
  const shaped = withShape()
  const expected = outcomeOf(() => packedText(textOf(make(), context)))
  expect(outcomeOf(() => shaped.packed(make(), context))).toStrictEqual(expected)
  const text = outcomeOf(() => textOf(make(), context))
  expect(outcomeOf(() => shaped.text(make(), context))).toStrictEqual(text)
}

const circle: { a: unknown; b: number } = { a: 1, b: 1 }
circle.a = circle

const parts: readonly unknown[] = [
  ...[
    0,
    -0,
    1,
    -1,
    9,
    10,
    99,
    100,
    999_999_999,
    1_000_000_000,
    2 ** 31,
    -(2 ** 31),
    2 ** 53,
    1.5,
    -1e-7,
  ],
  ...[
    1e21,
    5e-324,
    Number.MAX_VALUE,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
  ],
  ...[
    '',
    'a',
    'null',
    '"',
    '\\',
    '\n',
    '\u001f',
    ' ',
    '\u007f',
    '\u0080',
    'é',
    '日本',
    '😀',
    '\ud800',
  ],
  ...['x'.repeat(64), 'x'.repeat(65), `${'x'.repeat(70)}"`, `${'x'.repeat(70)}é`, 'x'.repeat(4100)],
  // About as long as what is written by shape may be.
  ...Array.from({ length: 12 }, (_, i) => 'x'.repeat(4075 + i)),
  ...[
    true,
    false,
    null,
    undefined,
    5n,
    Symbol('s'),
    () => 1,
    [],
    [1, null],
    {},
    { c: null },
    circle,
  ],
  ...[new Date(0), new Date(Number.NaN), Object(1), Object('s'), Object(false), Object(1n)],
  ...[
    new Map([[1, 2]]),
    /x/,
    Buffer.from('x'),
    new Pair(1, 2),
    new Told(1, 2),
    Object.create(null),
  ],
]

afterEach(() => vi.restoreAllMocks())

describe('json by shape agrees with JSON.stringify', () => {
  it.each(parts.map((part, i) => [i, part] as const))('on every kind of part: %i', (_i, part) => {
    expectSame(() => ({ a: part, b: 2 }))
    expectSame(() => ({ a: 'a', b: part }))
    expectSame(() => part)
  })

  it.each<[string, () => unknown]>([
    ['no prototype', () => Object.assign(Object.create(null) as object, { a: 'a', b: 2 })],
    ['frozen', () => Object.freeze({ a: 'a', b: 2 })],
    ['a class', () => new Pair('a', 2)],
    ['toJSON', () => ({ a: 'a', b: 2, toJSON: () => 5 })],
    ['hidden toJSON', () => withHidden({ a: 'a', b: 2 }, 'toJSON', () => 5)],
    ['toJSON that is no function', () => ({ a: 'a', b: 2, toJSON: 5 })],
    ['an undefined toJSON', () => ({ a: 'a', b: 2, toJSON: undefined })],
    ['a class with toJSON', () => new Told('a', 2)],
    ['another order', () => ({ b: 2, a: 'a' })],
    ['fewer fields', () => ({ a: 'a' })],
    ['more fields', () => ({ a: 'a', b: 2, c: 3 })],
    ['an undefined field', () => ({ a: 'a', b: 2, c: undefined })],
    ['no fields', () => ({})],
    ['a hidden field', () => withHidden({ a: 'a', b: 2 }, 'c', 3)],
    ['a hidden field of the shape', () => withHidden({ a: 'a' }, 'b', 2)],
    ['a symbol', () => ({ a: 'a', b: 2, [Symbol('s')]: 3 })],
    ['an inherited field', () => Object.assign(Object.create({ b: 2 }) as object, { a: 'a' })],
    ['an array', () => Object.assign([], { a: 'a', b: 2 })],
    ['a boxed number', () => Object.assign(Object(5) as object, { a: 'a', b: 2 })],
    ['a boxed text', () => Object.assign(Object('') as object, { a: 'a', b: 2 })],
    ['an array made an object', () => asObject(Object.assign([], { a: 'a', b: 2 }))],
    ['__proto__', () => JSON.parse('{"a":"a","b":2,"__proto__":3}')],
    ['a function', () => Object.assign(() => 1, { a: 'a', b: 2 })],
    ['a proxy', () => new Proxy({ a: 'a', b: 2 }, {})],
    ['a revoked proxy', () => revoked()],
    ['a proxy that throws', () => new Proxy({ a: 'a', b: 2 }, { getPrototypeOf: fails })],
    ['a proxy whose parts throw', () => new Proxy({ a: 'a', b: 2 }, { get: fails })],
    ['a getter', () => withGetter(() => 2)],
    ['a getter that throws', () => withGetter(fails)],
  ])('on objects that have what the shape does not tell: %s', (_name, make) => expectSame(make))

  it.each<[string, unknown]>([
    ['b', 2],
    ['c', 3],
    ['toJSON', (): number => 7],
  ])('where all objects inherit a field %s', (name, value) => {
    const shaped = withShape()
    const texts = whileInherited({ [name]: { value, enumerable: true, writable: true } }, () =>
      [{ a: 'a' }, { a: 'a', b: 2 }].map((object) => [
        shaped.packed(object, context),
        JSON.stringify(object),
      ]),
    )
    for (const [actual, expected] of texts) expect(actual).toBe(expected)
  })

  it('when a getter writes another value meanwhile', () => {
    const shaped = withShape()
    const inner = { a: 'inner', b: 5 }
    const outer = {
      a: 'outer',
      get b(): number {
        expect(shaped.packed(inner, context)).toBe('{"a":"inner","b":5}')
        return 7
      },
    }
    expect(shaped.packed(outer, context)).toBe('{"a":"outer","b":7}')
    expect(shaped.packed(inner, context)).toBe('{"a":"inner","b":5}')
  })

  it('when a getter has thrown before', () => {
    const shaped = withShape()
    const failing = withGetter(fails)
    expect(() => shaped.packed(failing, context)).toThrow(/failed on purpose/)
    const stringify = vi.spyOn(JSON, 'stringify')
    expect(shaped.packed({ a: 'a', b: 2 }, context)).toBe('{"a":"a","b":2}')
    expect(stringify).not.toHaveBeenCalled()
  })

  it('asks a getter once where the rest fits', () => {
    const shaped = withShape()
    const get = vi.fn(() => 2)
    const value = withGetter(get)
    expect(shaped.packed(value, context)).toBe('{"a":"a","b":2}')
    expect(get).toHaveBeenCalledTimes(1)
  })
})

function withHidden(object: object, name: string, value: unknown): object {
  return Object.defineProperty(object, name, { value, enumerable: false })
}

function withGetter(get: () => unknown): object {
  return Object.defineProperty({ a: 'a' }, 'b', { get, enumerable: true })
}

function asObject(value: object): object {
  return Object.setPrototypeOf(value, Object.prototype) as object
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({ a: 'a', b: 2 }, {})
  revoke()
  return proxy
}

function fails(): never {
  throw new Error('failed on purpose')
}
