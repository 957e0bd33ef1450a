import { expect, test } from 'vitest'
import { ReadCacheBudget } from '../../src/state/rocksdb/read-cache.ts'
import { CompactEntry } from '../../src/state/stored-entry.ts'

const entry = (size: number): CompactEntry => new CompactEntry(Buffer.alloc(size), 0)

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
