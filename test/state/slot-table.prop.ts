import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SlotTable } from '../../src/state/rocksdb/slot-table.ts'
import { Slot } from '../../src/state/slot.ts'

type Step = readonly ['add' | 'delete' | 'find', readonly string[]]

const key = fc.oneof(
  fc.integer({ min: 0, max: 400 }).map(String),
  fc.string({ unit: 'binary', maxLength: 6 }).map((text) => text.replace(/[^\0-\xff]/g, '?')),
)
const step: fc.Arbitrary<Step> = fc.tuple(
  fc.constantFrom('add', 'delete', 'find'),
  fc.array(key, { maxLength: 120 }),
)

/** The table must not be seen to be anything but a map, however keys come and go. */
test('finds one key or many as a map does', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const table = new SlotTable()
      const model = new Map<string, Slot>()
      for (const [kind, keys] of steps) {
        if (kind === 'find') {
          expect(table.findAll(keys)).toEqual(keys.map((each) => model.get(each)))
        }
        for (const each of keys) {
          if (kind === 'add' && !model.has(each)) {
            const slot = new Slot(each)
            model.set(each, slot)
            table.add(slot)
          } else if (kind === 'delete') {
            model.delete(each)
            table.delete(each)
          }
          expect(table.get(each)).toBe(model.get(each))
        }
        expect(table.size).toBe(model.size)
      }
      expect(new Set(table.all())).toEqual(new Set(model.values()))
    }),
    { numRuns: 200 },
  )
})

/** Of so many keys some ten pairs have one hash; that none has is less likely than 1 to 10,000. */
const manyKeys = 300_000

test('tells keys of one hash apart', () => {
  const table = new SlotTable()
  const keys = Array.from({ length: manyKeys }, (_, at) => Math.imul(at, 0x9e3779b1).toString(36))
  const [kept, gone] = [keys.slice(manyKeys / 2), keys.slice(0, manyKeys / 2)]
  const wrong = (found: readonly (Slot | undefined)[], of: readonly string[]): string[] =>
    of.filter((each, at) => found[at]?.key !== each)
  for (const each of keys) table.add(new Slot(each))
  expect(wrong(table.findAll(keys), keys)).toEqual([])
  expect(
    wrong(
      keys.map((each) => table.get(each)),
      keys,
    ),
  ).toEqual([])
  for (const each of gone) table.delete(each)
  expect(wrong(table.findAll(kept), kept)).toEqual([])
  expect(table.findAll(gone).filter((slot) => slot !== undefined)).toEqual([])
  expect(gone.filter((each) => table.get(each) !== undefined)).toEqual([])
})

test('grows to many keys and shrinks again', () => {
  const table = new SlotTable()
  const keys = Array.from({ length: 50_000 }, (_, at) => `user-${String(at).padStart(8, '0')}`)
  for (const each of keys) table.add(new Slot(each))
  expect(table.findAll(keys).map((slot) => slot?.key)).toEqual(keys)
  for (const each of keys.slice(10)) table.delete(each)
  expect(table.findAll(keys).map((slot) => slot?.key)).toEqual(
    keys.map((each, at) => (at < 10 ? each : undefined)),
  )
  expect(table.all()).toHaveLength(10)
})
