import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { KeyCursor } from '../../src/state/sorted-keys.ts'
import { SortedKeys } from '../../src/state/sorted-keys.ts'

const key = fc.nat(3000).map((value) => String.fromCharCode(value >> 8, value & 0xff))
const bound = fc.option(key, { nil: undefined })

function rest(cursor: KeyCursor): string[] {
  const keys: string[] = []
  for (let next = cursor.next(); next !== undefined; next = cursor.next()) keys.push(next)
  return keys
}

function expected(keys: Iterable<string>, from: string, to: string | undefined): string[] {
  return [...keys].filter((each) => each >= from && (to === undefined || each < to)).sort()
}

test('cursors walk the keys of their range as they were when the cursor was made', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(key, { maxLength: 1500, size: 'max' }),
      fc.array(fc.record({ key, from: bound, to: bound, reverse: fc.boolean() }), {
        maxLength: 300,
        size: 'max',
      }),
      (first, changes) => {
        const model = new Set(first)
        const keys = new SortedKeys(first)
        const cursors: { cursor: KeyCursor; expected: string[]; seen: string[] }[] = []
        for (const { key: changed, from = '', to, reverse } of changes) {
          if (model.delete(changed)) {
            keys.delete(changed)
          } else {
            model.add(changed)
            keys.add(changed)
          }
          if (changed.charCodeAt(1) % 4 !== 0) continue
          const all = expected(model, from, to)
          const cursor = keys.cursor({ from, to, reverse })
          cursors.push({ cursor, expected: reverse ? all.reverse() : all, seen: [] })
          // Some are left half-way, to go on after later changes.
          for (const each of cursors) {
            const next = each.cursor.next()
            if (next !== undefined) each.seen.push(next)
          }
        }
        for (const each of cursors)
          expect([...each.seen, ...rest(each.cursor)]).toEqual(each.expected)
        expect(rest(keys.cursor({ from: '', to: undefined, reverse: false }))).toEqual(
          expected(model, '', undefined),
        )
      },
    ),
    { numRuns: 60 },
  )
})

test('a set that is emptied and filled again stays in order', () => {
  const keys = new SortedKeys([])
  const all = Array.from({ length: 2000 }, (_, at) => String((at * 7919) % 2000).padStart(4, '0'))
  for (const each of all) keys.add(each)
  keys.cursor({ from: '', to: undefined, reverse: false })
  for (const each of all) keys.delete(each)
  keys.delete('absent')
  expect(rest(keys.cursor({ from: '', to: undefined, reverse: true }))).toEqual([])
  for (const each of all) keys.add(each)
  expect(rest(keys.cursor({ from: '', to: undefined, reverse: false }))).toEqual(all.toSorted())
})
