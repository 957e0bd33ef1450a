import { afterEach, describe, expect, it, vi } from 'vitest'
import { json, type StandardSchema } from 'millrace/serdes'
import { shapeOf } from '../../src/serdes/json-shape.ts'
import { parseAt, parseText } from '../../src/serdes/json-text.ts'
import { ShapedJson } from '../../src/serdes/shaped-json.ts'
import { outcomeOf } from './outcome.ts'
import { whileInherited } from './while-inherited.ts'

const context = { topic: 't', part: 'value' } as const

interface Calls {
  readonly parsed: number
  readonly stringified: number
}

/** How often the language's own JSON was asked. */
function callsDuring(run: () => void): Calls {
  const parse = vi.spyOn(JSON, 'parse')
  const stringify = vi.spyOn(JSON, 'stringify')
  run()
  const calls = { parsed: parse.mock.calls.length, stringified: stringify.mock.calls.length }
  vi.restoreAllMocks()
  return calls
}

function read(shaped: ShapedJson, text: string, topic = 't'): unknown {
  const bytes = Buffer.from(text)
  return shaped.parseAt(bytes, 0, bytes.length, { topic, part: 'value' })
}

function times(count: number, run: (i: number) => void): void {
  for (let i = 0; i < count; i++) run(i)
}

afterEach(() => vi.restoreAllMocks())

const sample = {
  id: 'ä',
  name: 'Ada Lovelace, Countess',
  n: -1.25,
  ok: true,
  no: false,
  none: null,
}

describe('json by shape', () => {
  it('is what reads and writes values of the same fields', () => {
    const shaped = new ShapedJson()
    const ascii = { ...sample, id: 'a' }
    const rounds = (): void => {
      expect(read(shaped, '{"id":"ä","n":1}')).toStrictEqual({ id: 'ä', n: 1 })
      expect(shaped.parseText('{"id":"a","n":-0.5}', context)).toStrictEqual({ id: 'a', n: -0.5 })
      expect(shaped.packed(ascii, context)).toBe(
        '{"id":"a","name":"Ada Lovelace, Countess","n":-1.25,"ok":true,"no":false,"none":null}',
      )
    }
    rounds()
    expect(callsDuring(rounds)).toEqual({ parsed: 0, stringified: 0 })
  })

  it('is what json() reads and writes by, and json({ schema }) reads by', () => {
    const schema: StandardSchema = {
      '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) },
    }
    for (const serde of [json<unknown>(), json({ schema, validateOnWrite: false })]) {
      const at = {
        topic: `by-shape-${serde === json() ? 'plain' : 'schema'}`,
        part: 'value',
      } as const
      const rounds = (): void => {
        const bytes = serde.serialize({ a: 1 }, at)
        expect(serde.serializeText!({ a: 1 }, at)).toBe('{"a":1}')
        expect(serde.deserialize(bytes, at)).toStrictEqual({ a: 1 })
        expect(serde.deserializeAt!(bytes, 0, bytes.length, at)).toStrictEqual({ a: 1 })
        expect(serde.deserializeText!('{"a":1}', at)).toStrictEqual({ a: 1 })
      }
      rounds()
      expect(callsDuring(rounds)).toEqual({ parsed: 0, stringified: 0 })
    }
  })

  it.each([
    ['bytes', `{"a":"${'x'.repeat(249)}"}`, `{"a":"${'x'.repeat(248)}"}`],
    ['text', `{"${'n'.repeat(120)}":1234}`, `{"${'n'.repeat(120)}":123}`],
    ['text', `{"a":"${'x'.repeat(13)}"}`, `{"a":"${'x'.repeat(12)}"}`],
  ])('leaves to JSON.parse what is long, which it reads faster, of %s', (from, long, short) => {
    const shaped = new ShapedJson()
    const parse = (text: string): unknown =>
      from === 'bytes' ? read(shaped, text) : shaped.parseText(text, context)
    parse(short)
    expect(callsDuring(() => parse(short)).parsed).toBe(0)
    expect(callsDuring(() => parse(long)).parsed).toBe(1)
    expect(parse(long)).toStrictEqual(JSON.parse(long))
  })

  it('keeps the shapes of topics, and of their keys and values, apart', () => {
    const shaped = new ShapedJson()
    const rounds = (): void => {
      times(20, (i) => {
        for (const part of ['key', 'value'] as const) {
          const text = `{"${part}${i}":${i}}`
          expect(shaped.parseText(text, { topic: `t${i}`, part })).toStrictEqual(JSON.parse(text))
        }
      })
    }
    rounds()
    // One for each that the test itself makes.
    expect(callsDuring(rounds).parsed).toBe(40)
  })

  it('serves more topics than it remembers', () => {
    const shaped = new ShapedJson()
    const rounds = (): void =>
      times(300, (i) => expect(read(shaped, `{"a":${i}}`, `t${i}`)).toStrictEqual({ a: i }))
    rounds()
    expect(callsDuring(rounds).parsed).toBe(300 - 256)
  })

  it('gives up where values vary, and tries again later', () => {
    const shaped = new ShapedJson()
    const varying = (count: number): void => times(count, (i) => read(shaped, `{"f${i % 7}":${i}}`))
    varying(100)
    const same = (count: number): Calls =>
      callsDuring(() => times(count, () => read(shaped, '{"a":1}')))
    expect(same(500).parsed).toBe(500)
    same(1000)
    expect(same(100).parsed).toBe(0)
  })

  it('learns the new fields that values have from some time on', () => {
    const shaped = new ShapedJson()
    times(1000, (i) => read(shaped, `{"a":${i}}`))
    const calls = callsDuring(() => times(3000, (i) => read(shaped, `{"a":${i},"b":1}`)))
    expect(calls.parsed).toBeGreaterThan(60)
    expect(calls.parsed).toBeLessThan(1200)
  })

  it.each<[string, unknown]>([
    ['a nested value', { a: 1, b: { c: 1 } }],
    ['a list', { a: [] }],
    ['NaN', { a: Number.NaN }],
    ['undefined', { a: undefined }],
    ['no fields', {}],
    ['too many fields', Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`f${i}`, i]))],
    ['a name that is an index', { a: 1, 7: 1 }],
    ['a name that is not ASCII', { é: 1 }],
    ['a name with escapes', { 'a"': 1 }],
    ['__proto__', JSON.parse('{"__proto__":1}')],
    ['toJSON', { toJSON: 1 }],
    ['a getter', Object.defineProperty({}, 'a', { get: () => 1, enumerable: true })],
    ['a hidden field', Object.defineProperty({}, 'a', { value: 1 })],
    ['a list itself', [1]],
    ['a class', new Date(0)],
  ])('is not learned of a value with %s', (_what, value) => {
    expect(shapeOf(value)).toBeUndefined()
  })

  it('keeps no text of the value that it was learned of', () => {
    const shape = shapeOf({ a: 'long', b: 1, c: null, d: true })
    expect(shape?.template).toStrictEqual({ a: '', b: 0, c: null, d: true })
  })
})

const tokens = [
  ...[
    '0',
    '-0',
    '1',
    '-1',
    '01',
    '-01',
    '00',
    '-',
    '+1',
    '.5',
    '1.',
    '-1.',
    '1.5',
    '0.1',
    '-0.0',
    '0.0',
  ],
  ...[
    '4.35',
    '1.0',
    '1e3',
    '1E-2',
    '1.5e3',
    '1e999',
    '1e',
    '0x1',
    '1_0',
    '1.2.3',
    '--1',
    '-a',
    'Infinity',
  ],
  ...[
    '999999999999999',
    '-999999999999999',
    '1000000000000001',
    '9007199254740993',
    '123456789012345678',
  ],
  ...[
    '0.300000000000000',
    '0.30000000000000004',
    '8.41470984807896',
    '84.1470984807896567',
    '1.7976931348',
  ],
  ...[
    'true',
    'false',
    'null',
    'tru',
    'True',
    'truE',
    'fals',
    'falsE',
    'nul',
    'nulL',
    'trux',
    'NaN',
  ],
  ...[
    '"',
    '""',
    '"a"',
    '"a',
    'a"',
    "'a'",
    '"\\"',
    '"a\\"b"',
    '"\\\\"',
    '"\\u0041"',
    '"\\n"',
    '"\\x"',
  ],
  ...[
    '"\n"',
    '"\u0000"',
    '"\u001f"',
    '"\u0020"',
    '"\u007f"',
    '"é"',
    '"日本"',
    '"😀"',
    '"\ufffd"',
    '"\u2028"',
  ],
  ...[`"${'x'.repeat(12)}"`, `"${'x'.repeat(13)}"`, `"${'x'.repeat(32)}"`, `"${'x'.repeat(33)}"`],
  ...[
    `"${'é'.repeat(13)}"`,
    `"${'日'.repeat(13)}"`,
    `"${'x'.repeat(200)}"`,
    `"${'x'.repeat(14)}\\"`,
  ],
  ...['{}', '[]', '[1]', '{"a":1}', ' 1', '1 ', '', ' ', '\ufeff1', '1,"v":2', '1}', '1,', '"a" '],
]

describe('json by shape agrees with JSON.parse', () => {
  const texts = tokens.flatMap((token) => [`{"v":${token}}`, `{"v":${token},"w":1}`])

  it.each(['{"v":1}', '{"v":1,"w":1}'])(
    'on every spelling where the shape is that of %s',
    (model) => {
      for (const text of texts) {
        const shaped = new ShapedJson()
        shaped.parseText(model, context)
        read(shaped, model)
        const expected = outcomeOf(() => parseText(text, context))
        expect(
          outcomeOf(() => shaped.parseText(text, context)),
          text,
        ).toStrictEqual(expected)
        expect(
          outcomeOf(() => read(shaped, text)),
          text,
        ).toStrictEqual(expected)
      }
    },
  )

  it('on every beginning of a text, whatever lies behind its end', () => {
    const text = JSON.stringify(sample)
    const buffer = Buffer.from(`${text}}"}`)
    const shaped = new ShapedJson()
    read(shaped, text)
    for (let end = 0; end <= buffer.length; end++) {
      const expected = outcomeOf(() => parseAt(buffer, 0, end, context))
      expect(outcomeOf(() => shaped.parseAt(buffer, 0, end, context))).toStrictEqual(expected)
    }
  })

  it('on every byte in the place of every other', () => {
    const text = '{"a":"é","b":"e","n":-1.5,"t":true,"f":false,"z":null}'
    const shaped = new ShapedJson()
    for (let at = 0; at < Buffer.byteLength(text); at++) {
      for (let byte = 0; byte < 256; byte++) {
        read(shaped, text)
        const spoilt = Buffer.from(text)
        spoilt[at] = byte
        const expected = outcomeOf(() => parseAt(spoilt, 0, spoilt.length, context))
        const actual = outcomeOf(() => shaped.parseAt(spoilt, 0, spoilt.length, context))
        expect(actual).toStrictEqual(expected)
      }
    }
  })

  it('though somebody has put a setter and a read-only property on Object.prototype', () => {
    const shaped = new ShapedJson()
    read(shaped, '{"a":1,"b":2}')
    const set = vi.fn()
    const entries = whileInherited({ a: { set, get: () => 7 }, b: { value: 7 } }, () =>
      Object.entries(read(shaped, '{"a":3,"b":4}') as object),
    )
    expect(entries).toStrictEqual([
      ['a', 3],
      ['b', 4],
    ])
    expect(set).not.toHaveBeenCalled()
  })

  it('and never gives the same object twice', () => {
    const shaped = new ShapedJson()
    const first = (read(shaped, '{"a":1}'), read(shaped, '{"a":1}')) as { a: number; b?: number }
    first.a = 2
    first.b = 3
    expect(read(shaped, '{"a":1}')).toStrictEqual({ a: 1 })
  })
})
