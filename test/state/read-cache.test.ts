import { expect, test } from 'vitest'
import { committedEntry, LayerEntry } from '../../src/state/layer-entry.ts'
import { ReadCacheBudget } from '../../src/state/rocksdb/read-cache.ts'
import { SlotsAhead } from '../../src/state/rocksdb/slots-ahead.ts'
import { Slot } from '../../src/state/slot.ts'

const entry = (size: number): LayerEntry => committedEntry(Buffer.alloc(size), 0)

test('never grows beyond its bound, over all stores, and keeps what is used', () => {
  const budget = new ReadCacheBudget(100_000)
  const one = budget.cache()
  const two = budget.cache()
  one.keep(one.take('hot'), entry(100))
  for (let key = 0; key < 5000; key++) {
    const cache = key % 2 === 0 ? one : two
    cache.keep(cache.take(`key-${key}`), key % 5 === 0 ? null : entry(key % 300))
    expect(one.get('hot')).toBeDefined()
    expect(budget.bytes).toBeLessThanOrEqual(100_500)
  }
  expect(one.get('key-0')).toBeUndefined()
  expect(two.get('key-4999')).toBeDefined()
})

test('drops nothing while there is room for all, however often each is used', () => {
  const budget = new ReadCacheBudget(100_000)
  const cache = budget.cache()
  const keys = Array.from({ length: 250 }, (_, key) => `key-${key}`)
  for (const key of keys) cache.keep(cache.take(key), entry(40))
  expect(budget.bytes).toBeGreaterThan(75_000)
  for (let round = 0; round < 5; round++) {
    for (const key of keys.slice(round * 20)) expect(cache.get(key)).toBeDefined()
  }
  for (const key of keys) expect(cache.get(key)).toBeDefined()
})

test('counts what is replaced, deleted and cleared', () => {
  const budget = new ReadCacheBudget(1_000_000)
  const cache = budget.cache()
  cache.keep(cache.take('a'), entry(1000))
  const one = budget.bytes
  cache.keep(cache.take('a'), entry(1000))
  expect(budget.bytes).toBe(one)
  cache.keep(cache.take('a'), entry(500))
  expect(budget.bytes).toBe(one - 500)
  cache.keep(cache.take('b'), null)
  cache.forget('a')
  cache.forget('a')
  expect(cache.get('a')).toBeUndefined()
  expect(cache.get('b')?.committed).toBeNull()
  cache.clear()
  expect(budget.bytes).toBe(0)
})

test('counts right across generations', () => {
  const budget = new ReadCacheBudget(10_000)
  const cache = budget.cache()
  for (let round = 0; round < 200; round++) {
    const key = `key-${round % 17}`
    if (round % 3 === 0) cache.get(key)
    else if (round % 7 === 0) cache.forget(key)
    else cache.keep(cache.take(key), entry((round * 37) % 900))
  }
  cache.clear()
  expect(budget.bytes).toBe(0)
})

test('keeps what holds uncommitted writes, however many, and no longer than those', () => {
  const budget = new ReadCacheBudget(1000)
  const cache = budget.cache()
  const slots = Array.from({ length: 5000 }, (_, key) => {
    const slot = cache.take(`key-${key}`)
    slot.open = new LayerEntry(undefined, 'value', 0)
    return slot
  })
  for (const slot of slots) expect(cache.get(slot.key)).toBe(slot)
  for (const slot of slots) {
    slot.open = undefined
    cache.keep(slot, entry(5))
  }
  budget.trim()
  expect(budget.bytes).toBeLessThanOrEqual(1000)
})

test('a read that was under way while its key was committed, or let go, changes nothing', () => {
  const budget = new ReadCacheBudget(1_000_000)
  const cache = budget.cache()
  const older = entry(1)
  const newer = entry(2)
  const committed = cache.take('committed')
  committed.isRead = true
  cache.keep(committed, newer)
  cache.answered(committed, older)
  expect(cache.peek('committed')).toBe(newer)
  const sealed = cache.take('sealed')
  sealed.isRead = true
  sealed.sealed = new LayerEntry(undefined, 'newer', 0)
  cache.answered(sealed, older)
  expect(cache.peek('sealed')).toBeUndefined()
  const gone = cache.take('gone')
  gone.isRead = true
  cache.forget('gone')
  cache.take('gone')
  cache.answered(gone, older)
  expect(cache.peek('gone')).toBeUndefined()
  // What a commit brings is kept all the same, where the key has another slot by then.
  cache.keep(gone, newer)
  expect(cache.peek('gone')).toBe(newer)
})

// What was asked for ahead is remembered for a while, however large its values are.
test('a slot that was let go does not keep its value', () => {
  const cache = new ReadCacheBudget(1_000_000).cache()
  const [slot] = cache.takeAhead(['key'])
  cache.keep(slot!, entry(1))
  cache.forget('key')
  expect(slot).toMatchObject({ isGone: true, committed: undefined })
})

test('finds keys in the order they were asked for ahead, and any others', () => {
  const cache = new ReadCacheBudget(1_000_000).cache()
  const keys = Array.from({ length: 10_000 }, (_, at) => `key-${at % 700}`)
  for (let at = 0; at < keys.length; at += 1000) cache.takeAhead(keys.slice(at, at + 1000))
  for (const key of keys) expect(cache.get(key)?.key).toBe(key)
  for (const key of keys.reverse()) expect(cache.get(key)?.key).toBe(key)
  cache.takeAhead(keys.slice(0, 50))
  for (const key of keys.slice(20)) expect(cache.get(key)?.key).toBe(key)
  expect(cache.get('none')).toBeUndefined()
})

test('finds the slots of keys whose turn comes after others were left out', () => {
  const ahead = new SlotsAhead()
  const keys = Array.from({ length: 3000 }, (_, at) => `key-${at}`)
  const slots = keys.map((key) => new Slot(key))
  const add = (): void => keys.forEach((key, at) => ahead.add(key, slots[at]!))
  // Twice as many as are remembered, of which two in three, and once hundreds, are left out.
  for (let round = 0; round < 4; round++) {
    add()
    let lookedUp = 0
    for (let at = 0; at < keys.length; at += at === 1500 ? 600 : at % 100 === 0 ? 3 : 1) {
      const slot = ahead.next(keys[at]!)
      if (slot === undefined) {
        lookedUp++
        ahead.used(slots[at]!)
      } else expect(slot).toBe(slots[at])
    }
    expect(lookedUp).toBeLessThan(35)
  }
})

test('finds them also where a key is there twice', () => {
  const ahead = new SlotsAhead()
  const slots = Object.fromEntries(['a', 'b', 'c', 'd'].map((key) => [key, new Slot(key)]))
  for (const key of ['a', 'b', 'c', 'd', 'b']) ahead.add(key, slots[key]!)
  ahead.used(slots['b']!)
  expect(ahead.next('c')).toBe(slots['c'])
  expect(ahead.next('b')).toBe(undefined)
  ahead.used(slots['b']!)
  expect(ahead.next('d')).toBe(slots['d'])
  expect(ahead.next('b')).toBe(slots['b'])
  expect(ahead.next('b')).toBe(undefined)
})

test('gives slots that are in use when asking for many keys ahead lets go of others', () => {
  const cache = new ReadCacheBudget(20_000).cache()
  const before = Array.from({ length: 40 }, (_, at) => `before-${at}`)
  cache.takeAhead(before)
  const wanted = [...before, ...Array.from({ length: 200 }, (_, at) => `new-${at}`), ...before]
  const taken = cache.takeAhead(wanted)
  expect(taken.map(({ key }) => key)).toEqual(wanted)
  for (const key of wanted.slice(-40)) expect(cache.get(key)?.isGone).toBe(false)
})

// A commit failed with 'Maximum call stack size exceeded': each of many entries that were let go began to let go of all
// others.
test('lets go at once of far more than its bound, when large commits are over', () => {
  const budget = new ReadCacheBudget(10_000)
  const cache = budget.cache()
  const write = (round: number, count: number): Slot[] =>
    Array.from({ length: count }, (_, key) => {
      const slot = cache.take(`key-${round}-${key}`)
      slot.open = new LayerEntry(undefined, 'value', 0)
      return slot
    })
  const commit = (slots: readonly Slot[]): void => {
    for (const slot of slots) cache.keep(slot, committedEntry(Buffer.alloc(10), 0))
    for (const slot of slots) slot.open = undefined
  }
  let before = write(0, 20_000)
  for (let round = 1; round <= 10; round++) {
    const slots = write(round, round % 3 === 0 ? 50_000 : 500)
    commit(before)
    if (round % 2 === 0) cache.trim()
    before = slots
  }
  commit(before)
  cache.trim()
  expect(budget.bytes).toBeLessThanOrEqual(10_000)
})

test('an entry keeps any whole number of milliseconds', () => {
  const times = [0, 1, -1, 2 ** 30, -(2 ** 30), 1_763_700_000_123, Number.MAX_SAFE_INTEGER]
  for (const timestampMs of times) {
    expect(new LayerEntry(undefined, 'value', timestampMs).timestampMs).toBe(timestampMs)
    expect(new LayerEntry(undefined, 'value', -timestampMs).timestampMs + timestampMs).toBe(0)
  }
})
