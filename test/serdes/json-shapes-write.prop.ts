import fc from 'fast-check'
import { afterEach, expect, it, vi } from 'vitest'
import { packedText, textOf } from '../../src/serdes/json-text.ts'
import { ShapedJson } from '../../src/serdes/shaped-json.ts'
import { expectAlike, outcomeOf } from './outcome.ts'

const context = { topic: 't', part: 'value' } as const

const flat = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double(),
  fc.string({ maxLength: 90 }),
  fc.string({ unit: 'grapheme', maxLength: 20 }),
  fc.stringMatching(/^[ !#-[\]-~]{0,90}$/),
  fc.boolean(),
  fc.constant(null),
)
const part = fc.oneof(
  { weight: 12, arbitrary: flat },
  fc.anything({
    withBigInt: true,
    withBoxedValues: true,
    withDate: true,
    withMap: true,
    withNullPrototype: true,
    withSparseArray: true,
    withTypedArray: true,
    withUnicodeString: true,
  }),
)
const name = fc.oneof(
  fc.constantFrom('id', 'a', 'count', 'total price', '__proto__', 'toJSON', '', '7', 'é', '"'),
  fc.string({ maxLength: 6 }),
)

const namesAndRows = fc.uniqueArray(name, { minLength: 1, maxLength: 5 }).chain((names) =>
  fc.tuple(
    fc.constant(names),
    fc.array(fc.tuple(fc.nat({ max: 30 }), fc.tuple(...names.map(() => part))), {
      minLength: 1,
      maxLength: 25,
    }),
  ),
)

/** An object of these fields; `how` is mostly without effect, to leave objects that have the shape. */
function objectOf(names: readonly string[], values: readonly unknown[], how: number): unknown {
  const fields = names.map((field, i) => [field, values[i]] as const)
  if (how === 1) fields.reverse()
  if (how === 2) fields.pop()
  if (how === 3) fields.push(['more', 1])
  const object = Object.fromEntries(fields)
  if (how === 4) return Object.assign(Object.create(null) as object, object)
  if (how === 5) return new Proxy(object, {})
  if (how === 6) return Object.assign([], object)
  if (how === 7) return Object.values(object)
  return how === 8 ? Object.freeze(object) : object
}

afterEach(() => vi.restoreAllMocks())

it('json by shape writes what JSON.stringify writes, and refuses what it loses', () => {
  const stringify = vi.spyOn(JSON, 'stringify')
  let writes = 0
  let fast = 0
  fc.assert(
    fc.property(fc.tuple(namesAndRows, fc.infiniteStream(flat)), ([[names, rows], simple]) => {
      const shaped = new ShapedJson()
      const first = names.map(() => simple.next().value as unknown)
      for (const [how, values] of [[0, first] as const, ...rows]) {
        const value = objectOf(names, values, how)
        const expected = outcomeOf(() => packedText(textOf(value, context)))
        const before = stringify.mock.calls.length
        const actual = outcomeOf(() => shaped.packed(value, context))
        writes++
        if (stringify.mock.calls.length === before) fast++
        expectAlike(actual, expected)
      }
      stringify.mockClear()
    }),
    { numRuns: 400 },
  )
  expect(fast / writes).toBeGreaterThan(0.05)
})
