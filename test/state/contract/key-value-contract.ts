import { describe, expect, test } from 'vitest'
import {
  all,
  commit,
  keyValueSpec,
  pairs,
  provider,
  stores,
  taskOptions,
  type Engine,
} from './harness.ts'

export function keyValueContract(engine: Engine): void {
  describe(`key-value store, ${engine.name}`, () => {
    test('reads what was written: before, while and after it is committed', async () => {
      const state = await (await provider(engine)).openTask(taskOptions())
      const { counts } = stores(state)
      expect(await counts.get('a')).toBeUndefined()
      counts.put('a', 1)
      expect(await counts.get('a')).toBe(1)
      const sealed = state.seal()
      expect(await counts.get('a')).toBe(1)
      await state.apply(sealed, new Map())
      expect(await counts.get('a')).toBe(1)
      expect(await counts.get('b')).toBeUndefined()
    })

    test('deletes with null, undefined and delete, over committed entries too', async () => {
      const state = await (await provider(engine)).openTask(taskOptions())
      const { counts } = stores(state)
      for (const key of ['a', 'b', 'c', 'd']) counts.put(key, 1)
      await commit(state)
      counts.put('a', null)
      counts.put('b', undefined)
      counts.delete('c')
      expect(await pairs(counts.range())).toEqual([['d', 1]])
      await commit(state)
      expect(await counts.get('a')).toBeUndefined()
      expect(await pairs(counts.range())).toEqual([['d', 1]])
      expect(await counts.approximateEntries()).toBe(1)
    })

    test('keeps the time of the record, or the one given', async () => {
      const clock = { recordTimestampMs: 77, streamTimeMs: 100 }
      const state = await (await provider(engine)).openTask(taskOptions({ clock }))
      const { counts } = stores(state)
      counts.put('a', 1)
      clock.recordTimestampMs = 78
      counts.put('b', 2)
      counts.put('c', 3, 1_765_000_000_123)
      await commit(state)
      expect(await all(counts.range())).toEqual([
        { key: 'a', value: 1, timestampMs: 77 },
        { key: 'b', value: 2, timestampMs: 78 },
        { key: 'c', value: 3, timestampMs: 1_765_000_000_123 },
      ])
      expect(await counts.getWithTimestamp('c')).toEqual({
        value: 3,
        timestampMs: 1_765_000_000_123,
      })
      expect(await counts.getWithTimestamp('d')).toBeUndefined()
    })

    test('orders keys by unsigned bytes, in ranges with both bounds included', async () => {
      const state = await (await provider(engine)).openTask(taskOptions())
      const { counts } = stores(state)
      const keys = ['\xff\xff', '', 'b', '\x80', 'a\0', 'a', '\x7f', '\xff', '\0', 'ab']
      const ordered = ['', '\0', 'a', 'a\0', 'ab', 'b', '\x7f', '\x80', '\xff', '\xff\xff']
      keys.slice(0, 5).forEach((key, at) => counts.put(key, at))
      await commit(state)
      keys.slice(5).forEach((key, at) => counts.put(key, at + 5))
      const read = async (options: Parameters<typeof counts.range>[0]): Promise<string[]> =>
        (await all(counts.range(options))).map(({ key }) => key)
      expect(await read({})).toEqual(ordered)
      expect(await read({ reverse: true })).toEqual(ordered.toReversed())
      expect(await read({ from: 'a', to: 'b' })).toEqual(['a', 'a\0', 'ab', 'b'])
      expect(await read({ from: 'a\0', to: 'ac', reverse: true })).toEqual(['ab', 'a\0'])
      expect(await read({ from: '\x80' })).toEqual(['\x80', '\xff', '\xff\xff'])
      expect(await read({ to: '' })).toEqual([''])
      expect(await read({ from: 'b', to: 'a' })).toEqual([])
    })

    test('scans prefixes, also one of bytes that have no successor', async () => {
      const state = await (await provider(engine)).openTask(taskOptions())
      const { counts } = stores(state)
      for (const key of ['a', 'ab', 'ab\xff', 'ac', 'b', '\xff', '\xff\xff', '\xff\xff\0']) {
        counts.put(key, 1)
      }
      await commit(state)
      counts.put('abc', 1)
      counts.delete('ab')
      const scan = async (prefix: string): Promise<string[]> =>
        (await all(counts.prefixScan(Buffer.from(prefix, 'latin1')))).map(({ key }) => key)
      expect(await scan('ab')).toEqual(['abc', 'ab\xff'])
      expect(await scan('\xff')).toEqual(['\xff', '\xff\xff', '\xff\xff\0'])
      expect(await scan('x')).toEqual([])
      expect(await scan('')).toHaveLength(8)
    })

    test('writes where there is nothing yet with putIfAbsent', async () => {
      const state = await (await provider(engine)).openTask(taskOptions())
      const { counts } = stores(state)
      expect(await counts.putIfAbsent('a', 1)).toBeUndefined()
      expect(await counts.putIfAbsent('a', 2)).toBe(1)
      await commit(state)
      expect(await counts.putIfAbsent('a', 3)).toBe(1)
      counts.delete('a')
      expect(await counts.putIfAbsent('a', 4)).toBeUndefined()
      expect(await counts.get('a')).toBe(4)
    })

    test('iterates over the store as it was when the iteration began', async () => {
      const state = await (await provider(engine)).openTask(taskOptions())
      const { counts } = stores(state)
      for (let key = 1000; key < 2000; key++) counts.put(String(key), 1)
      await commit(state)
      for (let key = 2000; key < 2500; key++) counts.put(String(key), 1)
      const iterator = counts.range()
      const keys = (await iterator.nextBatch()).map(({ key }) => key)
      // Added before and after the place of the iterator, uncommitted and committed.
      for (const key of ['0', '1500a', '3']) counts.put(key, 1)
      await commit(state)
      counts.put('4', 1)
      for (let batch = await iterator.nextBatch(); batch.length > 0;) {
        keys.push(...batch.map(({ key }) => key))
        batch = await iterator.nextBatch()
      }
      expect(keys).toEqual(Array.from({ length: 1500 }, (_, at) => String(1000 + at)))
      expect(await iterator.nextBatch()).toEqual([])
      await iterator.close()
      expect(await counts.approximateEntries()).toBe(1504)
    })

    test('lets entries be deleted while they are iterated over', async () => {
      const state = await (await provider(engine)).openTask(taskOptions())
      const { counts } = stores(state)
      for (let key = 0; key < 600; key++) counts.put(`key-${key}`, key)
      await commit(state)
      for await (const { key } of counts.range()) counts.delete(key)
      expect(await all(counts.range())).toEqual([])
      await commit(state)
      expect(await all(counts.range({ reverse: true }))).toEqual([])
    })

    test('ends an iterator that is closed or left early', async () => {
      const state = await (await provider(engine)).openTask(taskOptions())
      const { counts } = stores(state)
      for (let key = 0; key < 1000; key++) counts.put(`key-${key}`, key)
      await commit(state)
      for await (const { key } of counts.range()) {
        expect(key).toBe('key-0')
        break
      }
      {
        await using iterator = counts.range({ reverse: true })
        expect((await iterator.nextBatch())[0]?.key).toBe('key-999')
        await iterator.close()
        await iterator.close()
        expect(await iterator.nextBatch()).toEqual([])
      }
    })

    test('refuses a null key by name', async () => {
      const state = await (await provider(engine)).openTask(taskOptions())
      const { counts } = stores(state)
      expect(() => counts.put(null as unknown as string, 1)).toThrow(/counts.*null key/)
    })

    test('keeps stores apart, and stores whose changelog is off out of the changelog', async () => {
      const silent = {
        ...keyValueSpec,
        storeName: 'silent',
        logging: { ...keyValueSpec.logging, enabled: false },
      }
      const specs = [keyValueSpec, silent] as never
      const state = await (await provider(engine)).openTask(taskOptions({ specs }))
      const counts = state.store('counts') as ReturnType<typeof stores>['counts']
      const other = state.store('silent') as ReturnType<typeof stores>['counts']
      counts.put('a', 1)
      other.put('a', 2)
      other.put('b', 3)
      const changes = await commit(state)
      expect(changes.map(({ storeName }) => storeName)).toEqual(['counts'])
      expect(await pairs(counts.range())).toEqual([['a', 1]])
      expect(await pairs(other.range())).toEqual([
        ['a', 2],
        ['b', 3],
      ])
    })
  })
}
