import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { parseAt, parseText } from '../../src/serdes/json-text.ts'
import { ShapedJson } from '../../src/serdes/shaped-json.ts'
import { expectAlike, outcomeOf } from './outcome.ts'

const context = { topic: 't', part: 'value' } as const

const name = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('id', 'a', 'count', 'total price', 'x'.repeat(40)) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '__proto__',
      'toJSON',
      'constructor',
      '',
      '7',
      '1e3',
      'é',
      '"',
      '\\',
    ),
  },
  { weight: 1, arbitrary: fc.string({ maxLength: 6 }) },
)

const numberText = fc.oneof(
  fc.integer().map(String),
  fc.maxSafeInteger().map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.tuple(fc.integer({ min: -99999, max: 99999 }), fc.nat({ max: 12 })).map(([n, places]) => {
    return (n / 10 ** places).toFixed(places)
  }),
  fc
    .tuple(fc.constantFrom('', '-'), fc.nat(), fc.stringMatching(/^\d{1,18}$/))
    .map(([sign, whole, decimals]) => `${sign}${whole}.${decimals}`),
  fc.constantFrom('0', '-0', '0.0', '-0.0', '1.0', '1e3', '1E-2', '1e999', '-', '01', '-01', '1.'),
  fc.constantFrom('.5', '+1', '999999999999999', '1000000000000000', '123456789012345678', '1.2.3'),
)

const stringText = fc.oneof(
  fc.string({ maxLength: 40 }).map((text) => JSON.stringify(text)),
  fc.string({ unit: 'grapheme', maxLength: 20 }).map((text) => JSON.stringify(text)),
  fc.stringMatching(/^[ -!#-[\]-~]{0,80}$/).map((text) => `"${text}"`),
  fc.constantFrom('"\\u0041"', '"a\\nb"', '"\u0000"', '"\n"', '"\u001f"', '"\u007f"', '"', '"\\"'),
  fc.constantFrom('"\u2028"', '"\ufffd"', '"\ufeff"', '"\\ud800"', "'a'", '"\\x"', '"é日😀"'),
)

const otherText = fc.oneof(
  fc.constantFrom(
    'true',
    'false',
    'null',
    'tru',
    'nul',
    'fals',
    'True',
    'NaN',
    'nulll',
    'undefined',
  ),
  fc.json({ maxDepth: 2 }),
)

const valueText = fc.oneof(numberText, stringText, otherText)
const space = fc.oneof(
  { weight: 30, arbitrary: fc.constant('') },
  fc.constantFrom(' ', '\n', '\t '),
)

/** A text with the fields of a shape, perhaps not quite. */
function textWith(names: readonly string[]): fc.Arbitrary<string> {
  const fields = fc.tuple(
    ...names.map((field) =>
      fc.tuple(space, fc.boolean(), space, valueText).map(([before, escape, between, value]) => {
        const spelled = JSON.stringify(field)
        const first = field.charCodeAt(0)
        const coded = `"\\u${first.toString(16).padStart(4, '0')}${spelled.slice(2)}`
        const isCoded = escape && between !== '' && /^[a-z]/.test(field)
        return `${before}${isCoded ? coded : spelled}:${between}${value}`
      }),
    ),
  )
  const more = fc.oneof(
    { weight: 12, arbitrary: fc.constant('same') },
    fc.constantFrom('swapped', 'missing', 'extra', 'duplicate', 'comma', 'open'),
  )
  return fc.tuple(fields, more).map(([given, how]) => {
    const parts = [...given]
    if (how === 'swapped') parts.reverse()
    if (how === 'missing') parts.pop()
    if (how === 'extra') parts.push('"more":1')
    if (how === 'duplicate') parts.push(`${JSON.stringify(names[0])}:5`)
    return `{${parts.join(',')}${how === 'comma' ? ',' : ''}${how === 'open' ? '' : '}'}`
  })
}

const simpleText = fc.oneof(
  fc.nat().map(String),
  fc.stringMatching(/^[ -!#-[\]-~]{0,20}$/).map((text) => `"${text}"`),
  fc.constantFrom('true', 'false', 'null', '-2.5'),
)

/** Texts that have just the shape. */
function plainTextWith(names: readonly string[]): fc.Arbitrary<string> {
  return fc
    .tuple(...names.map(() => simpleText))
    .map((values) => `{${names.map((n, i) => `${JSON.stringify(n)}:${values[i]}`).join(',')}}`)
}

const shapeAndTexts = fc.uniqueArray(name, { minLength: 1, maxLength: 5 }).chain((names) =>
  fc.tuple(
    fc.array(plainTextWith(names), { minLength: 1, maxLength: 3 }),
    fc.array(fc.oneof(plainTextWith(names), textWith(names), valueText), {
      minLength: 1,
      maxLength: 25,
    }),
  ),
)

/** How bytes are spoiled: nothing, one changed, or the end put earlier or later. */
const spoiling = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ kind: 'none', at: 0, byte: 0 }) },
  fc.record({
    kind: fc.constantFrom('change', 'cut', 'trail'),
    at: fc.nat({ max: 200 }),
    byte: fc.nat({ max: 255 }),
  }),
)

afterEach(() => vi.restoreAllMocks())

describe('json by shape reads what JSON.parse reads, and fails as it does', () => {
  it('of bytes amid other bytes', () => {
    const parses = vi.spyOn(JSON, 'parse')
    let reads = 0
    let fast = 0
    fc.assert(
      fc.property(shapeAndTexts, spoiling, ([first, then], spoil) => {
        const shaped = new ShapedJson()
        for (const text of [...first, ...then]) {
          const { amid, start, end } = laidOut(text, spoil)
          const expected = outcomeOf(() => parseAt(amid, start, end, context))
          const before = parses.mock.calls.length
          const actual = outcomeOf(() => shaped.parseAt(amid, start, end, context))
          reads++
          if (parses.mock.calls.length === before && text.startsWith('{')) fast++
          expectAlike(actual, expected)
        }
        parses.mockClear()
      }),
      { numRuns: 400 },
    )
    expect(fast / reads).toBeGreaterThan(0.05)
  })

  it('of a text', () => {
    const parses = vi.spyOn(JSON, 'parse')
    let reads = 0
    let fast = 0
    fc.assert(
      fc.property(shapeAndTexts, spoiling, ([first, then], { kind, at, byte }) => {
        const shaped = new ShapedJson()
        for (const whole of [...first, ...then]) {
          const spoilt = String.fromCharCode(byte * (at % 3 === 0 ? 1 : 200))
          let text = whole
          if (kind === 'cut') text = whole.slice(0, at)
          if (kind === 'change') text = whole.slice(0, at) + spoilt + whole.slice(at + 1)
          if (kind === 'trail') text = whole + spoilt
          const expected = outcomeOf(() => parseText(text, context))
          const before = parses.mock.calls.length
          const actual = outcomeOf(() => shaped.parseText(text, context))
          reads++
          if (parses.mock.calls.length === before) fast++
          expectAlike(actual, expected)
        }
        parses.mockClear()
      }),
      { numRuns: 400 },
    )
    expect(fast / reads).toBeGreaterThan(0.05)
  })

  it('of every decimal, to the last bit', () => {
    const shaped = new ShapedJson()
    shaped.parseText('{"n":1}', context)
    const read = (text: string): number => (shaped.parseText(text, context) as { n: number }).n
    fc.assert(
      fc.property(
        fc.constantFrom('', '-'),
        fc.stringMatching(/^(0|[1-9]\d{0,9})$/),
        fc.stringMatching(/^\d{0,8}$/),
        (sign, whole, decimals) => {
          const number = `${sign}${whole}${decimals === '' ? '' : `.${decimals}`}`
          expect(read(`{"n":${number}}`)).toBe(JSON.parse(number))
        },
      ),
      { numRuns: 2000 },
    )
  })
})

function laidOut(
  text: string,
  { kind, at, byte }: { readonly kind: string; readonly at: number; readonly byte: number },
): { readonly amid: Buffer; readonly start: number; readonly end: number } {
  const bytes = Buffer.from(text)
  const start = 1 + (at % 5)
  // What follows goes on as if the text did, so reading on beyond the end would be found out.
  const amid = Buffer.concat([Buffer.alloc(start, 0x7b), bytes, Buffer.from('}5"},')])
  let end = start + bytes.length
  if (kind === 'change' && at < bytes.length) amid[start + at] = byte
  if (kind === 'cut') end = start + Math.min(at, bytes.length)
  if (kind === 'trail') end = Math.min(end + 1 + (at % 3), amid.length)
  return { amid, start, end }
}
