import { describe, expect, test } from 'vitest'
import {
  LifecycleError,
  StateStoreError,
  StateStoreNotAvailableError,
} from '../../../src/core/errors.ts'
import type { Serde } from '../../../src/serdes/serde.ts'
import { UndoLog } from '../../../src/state/undo-log.ts'
import type { Change } from 'millrace/state'
import {
  all,
  changelogRecord,
  commit,
  fetchedRecords,
  keyValueSpec,
  pairs,
  provider,
  stores,
  taskId,
  taskOptions,
  type Engine,
} from './harness.ts'

export function taskContract(engine: Engine): void {
  layers(engine)
  changelog(engine)
  lifecycle(engine)
  serdes(engine)
}

function layers(engine: Engine): void {
  describe(`uncommitted layers, ${engine.name}`, () => {
    test('queries see applied state only', async () => {
      const state = await (await provider(engine)).openTask(taskOptions())
      const { counts, committedCounts } = stores(state)
      counts.put('a', 1)
      expect(await committedCounts.get('a')).toBeUndefined()
      const sealed = state.seal()
      expect(await committedCounts.get('a')).toBeUndefined()
      expect(await pairs(committedCounts.range())).toEqual([])
      counts.put('a', 2)
      await state.apply(sealed, new Map())
      expect(await committedCounts.get('a')).toBe(1)
      expect(await counts.get('a')).toBe(2)
      expect(await pairs(committedCounts.range())).toEqual([['a', 1]])
      expect(await committedCounts.approximateEntries()).toBe(1)
    })

    test('processing goes on over a sealed layer', async () => {
      const state = await (await provider(engine)).openTask(taskOptions())
      const { counts } = stores(state)
      for (const key of ['a', 'b', 'c']) counts.put(key, 1)
      await commit(state)
      counts.put('a', 2)
      counts.delete('b')
      counts.put('d', 2)
      const sealed = state.seal()
      counts.put('b', 3)
      counts.delete('d')
      counts.put('e', 3)
      const seen = [
        ['a', 2],
        ['b', 3],
        ['c', 1],
        ['e', 3],
      ]
      expect(await pairs(counts.range())).toEqual(seen)
      expect(await pairs(counts.range({ reverse: true }))).toEqual(seen.toReversed())
      expect(await counts.approximateEntries()).toBe(4)
      await state.apply(sealed, new Map())
      expect(await pairs(counts.range())).toEqual(seen)
      await commit(state)
      expect(await pairs(counts.range())).toEqual(seen)
    })

    test('discard goes back to what was committed, with the sealed layer too', async () => {
      const state = await (await provider(engine)).openTask(taskOptions())
      const { counts } = stores(state)
      counts.put('a', 1)
      await commit(state, { counts: 10 })
      counts.put('a', 2)
      counts.put('b', 2)
      const sealed = state.seal()
      counts.delete('a')
      state.discard()
      expect(await pairs(counts.range())).toEqual([['a', 1]])
      expect(await counts.get('b')).toBeUndefined()
      expect(state.uncommittedBytes).toBe(0)
      await expect(state.apply(sealed, new Map())).rejects.toThrow(LifecycleError)
      expect(state.changelogOffset('counts')).toBe(10)
      counts.put('c', 3)
      await commit(state)
      expect(await pairs(counts.range())).toEqual([
        ['a', 1],
        ['c', 3],
      ])
    })

    test('seals one layer at a time, and applies it once', async () => {
      const state = await (await provider(engine)).openTask(taskOptions())
      const { counts } = stores(state)
      counts.put('a', 1)
      const sealed = state.seal()
      expect(sealed.count).toBe(1)
      expect(() => state.seal()).toThrow(LifecycleError)
      await state.apply(sealed, new Map())
      await expect(state.apply(sealed, new Map())).rejects.toThrow(LifecycleError)
      expect(state.seal().count).toBe(0)
    })

    test('measures what is not committed', async () => {
      const state = await (await provider(engine)).openTask(taskOptions())
      const { names } = stores(state)
      expect(state.uncommittedBytes).toBe(0)
      names.put('key', 'x'.repeat(10_000))
      const one = state.uncommittedBytes
      expect(one).toBeGreaterThan(10_000)
      expect(one).toBeLessThan(10_500)
      names.put('key', 'y'.repeat(10_000))
      expect(state.uncommittedBytes).toBe(one)
      const sealed = state.seal()
      names.put('other', 'z')
      expect(state.uncommittedBytes).toBeGreaterThan(one)
      await state.apply(sealed, new Map())
      expect(state.uncommittedBytes).toBeLessThan(500)
      expect((await state.statistics()).uncommittedBytes).toBe(state.uncommittedBytes)
    })

    test('reads of keys that were prefetched need no promise', async () => {
      const opened = await provider(engine)
      const first = await opened.openTask(taskOptions())
      stores(first).counts.put('a', 1)
      stores(first).perHour.put('w', 2, 100_000)
      stores(first).names.put('n', 'name')
      const changes = await commit(first, { counts: 1 })
      await first.close()
      const state = await opened.openTask(taskOptions())
      if (!engine.persistent) {
        for (const change of changes) {
          await state.restore(change.storeName, [changelogRecord(change)], 1)
        }
      }
      const { counts, perHour, names } = stores(state)
      expect(state.loadPrefetched()).toBeUndefined()
      counts.prefetch('a')
      counts.prefetch('absent')
      perHour.prefetch('w', 100_000)
      names.prefetch('n')
      await state.loadPrefetched()
      expect(counts.get('a')).toBe(1)
      expect(counts.get('absent')).toBeUndefined()
      expect(perHour.fetch('w', 100_000)).toBe(2)
      expect(names.get('n')).toBe('name')
      expect(counts.putIfAbsent('absent', 5)).toBeUndefined()
      counts.prefetch('a')
      expect(state.loadPrefetched()).toBeUndefined()
    })

    test('a read that waits while its key is written and committed does not bring back the old value', async () => {
      const opened = await provider(engine)
      const first = await opened.openTask(taskOptions())
      for (let key = 0; key < 2000; key++) stores(first).counts.put(`key-${key}`, 1)
      await commit(first)
      await first.close()
      const state = await opened.openTask(taskOptions())
      const { counts } = stores(state)
      const reads = Array.from({ length: 2000 }, async (_, key) => counts.get(`key-${key}`))
      for (let key = 0; key < 2000; key++) counts.put(`key-${key}`, 2)
      const committing = commit(state)
      await Promise.all(reads)
      await committing
      for (let key = 0; key < 2000; key += 7) expect(await counts.get(`key-${key}`)).toBe(2)
    })
  })
}

function changelog(engine: Engine): void {
  describe(`changelog, ${engine.name}`, () => {
    test('gets the last write of a key in a commit, with plain values', async () => {
      const state = await (await provider(engine)).openTask(taskOptions())
      const { counts, names } = stores(state)
      counts.put('a', 1, 5)
      counts.put('b', 2, 6)
      counts.put('a', 3, 7)
      counts.delete('b')
      names.put('n', 'x', 8)
      const changes = await commit(state)
      const said = changes.map(({ storeName, key, value, timestampMs, headers }) => [
        storeName,
        key.toString(),
        value?.toString() ?? null,
        timestampMs,
        headers,
      ])
      expect(said).toEqual([
        ['counts', 'a', '3', 7, []],
        ['counts', 'b', null, 1000, []],
        ['names', 'n', 'x', 8, []],
      ])
      expect(await commit(state)).toEqual([])
    })

    test('gets each update at once where the store asks for it', async () => {
      const each: Change[] = []
      const logging = { enabled: true, everyUpdate: true, topicConfig: {} }
      const specs = [{ ...keyValueSpec, logging }] as never
      const state = await (
        await provider(engine)
      ).openTask(taskOptions({ specs, onChange: (change) => each.push(change) }))
      const counts = state.store('counts') as ReturnType<typeof stores>['counts']
      counts.put('a', 1)
      counts.put('a', 2)
      counts.delete('a')
      expect(each.map(({ value }) => value?.toString() ?? null)).toEqual(['1', '2', null])
      expect(await commit(state)).toEqual([])
      expect(each).toHaveLength(3)
    })

    test('gets updates at once where that is allowed, for as long as keys seldom repeat', async () => {
      const each: Change[] = []
      const options = { logsAtOnce: true, onChange: (change: Change) => void each.push(change) }
      const state = await (await provider(engine)).openTask(taskOptions(options))
      const { counts } = stores(state)
      const valuesOf = (changes: readonly Change[]): unknown[] =>
        changes.map(({ key, value }) => [key.toString(), value?.toString() ?? null])
      // Nothing is known yet of how keys repeat.
      for (const key of ['a', 'b']) counts.put(key, 1)
      expect(each).toEqual([])
      expect(valuesOf(await commit(state))).toEqual([
        ['a', '1'],
        ['b', '1'],
      ])
      // They did not: what is written now is logged as it is written, and never again.
      counts.put('a', 2)
      counts.put('a', 3)
      counts.delete('b')
      expect(valuesOf(each)).toEqual([
        ['a', '2'],
        ['a', '3'],
        ['b', null],
      ])
      expect(await commit(state)).toEqual([])
      // Now they did.
      each.length = 0
      counts.put('a', 4)
      counts.put('a', 5)
      expect(each).toEqual([])
      expect(valuesOf(await commit(state))).toEqual([['a', '5']])
      expect(await counts.get('a')).toBe(5)
    })

    test('does not get what was undone, where it gets updates at once', async () => {
      const each: Change[] = []
      const options = { logsAtOnce: true, onChange: (change: Change) => void each.push(change) }
      const state = await (await provider(engine)).openTask(taskOptions(options))
      const undo = new UndoLog()
      state.keepUndo(undo)
      const { counts } = stores(state)
      counts.put('a', 1)
      await commit(state)
      undo.begin()
      counts.put('a', 2)
      counts.put('b', 2)
      expect(each).toEqual([])
      undo.undo()
      undo.begin()
      counts.put('b', 3)
      await undo.end()
      expect(each.map(({ key, value }) => [key.toString(), value?.toString()])).toEqual([
        ['b', '3'],
      ])
      expect(await commit(state)).toEqual([])
      expect([await counts.get('a'), await counts.get('b')]).toEqual([1, 3])
    })

    test('restores records and the offset after them', async () => {
      const state = await (await provider(engine)).openTask(taskOptions())
      const { counts, committedCounts } = stores(state)
      expect(state.changelogOffset('counts')).toBeUndefined()
      const record = (key: string, value: number | null, timestampMs: number) => ({
        key: Buffer.from(key),
        value: value === null ? null : Buffer.from(String(value)),
        timestampMs,
      })
      await state.restore('counts', [record('a', 1, 10), record('b', 2, 11), record('a', 3, 12)], 3)
      await state.restore('counts', [record('b', null, 13), record('c', 4, 14)], 9)
      expect(state.changelogOffset('counts')).toBe(9)
      expect(state.changelogOffset('names')).toBeUndefined()
      const expected = [
        { key: 'a', value: 3, timestampMs: 12 },
        { key: 'c', value: 4, timestampMs: 14 },
      ]
      expect(await all(counts.range())).toEqual(expected)
      expect(await all(committedCounts.range())).toEqual(expected)
      await state.restore('counts', [], 12)
      expect(state.changelogOffset('counts')).toBe(12)
    })

    test('what is restored as it was fetched takes the place of what was read before', async () => {
      const state = await (await provider(engine)).openTask(taskOptions())
      const { counts, committedCounts } = stores(state)
      for (const key of ['a', 'b', 'c']) counts.put(key, 1, 5)
      await commit(state, { counts: 3 })
      for (const key of ['a', 'b', 'c', 'd']) counts.prefetch(key)
      await state.loadPrefetched()
      const long = Number('9'.repeat(15))
      const records = [
        { key: Buffer.from('a'), value: Buffer.from('2'), timestampMs: 10 },
        { key: Buffer.from('b'), value: null, timestampMs: 11 },
        { key: Buffer.from('a'), value: Buffer.from(`${long}`.padStart(80)), timestampMs: -12 },
        { key: Buffer.from('d'.repeat(80)), value: Buffer.from('4'), timestampMs: 2 ** 40 },
      ]
      const place = { after: 3, nextOffset: 8 }
      const taken = await state.restoreFetched('counts', fetchedRecords(records), place)
      expect(taken.records).toBe(4)
      await taken.written
      expect(state.changelogOffset('counts')).toBe(8)
      const expected = [
        { key: 'a', value: long, timestampMs: -12 },
        { key: 'c', value: 1, timestampMs: 5 },
        { key: 'd'.repeat(80), value: 4, timestampMs: 2 ** 40 },
      ]
      expect(await all(counts.range())).toEqual(expected)
      expect(await all(committedCounts.range())).toEqual(expected)
      expect(await counts.get('a')).toBe(long)
      expect(await counts.get('b')).toBeUndefined()
    })

    test('clear empties one store and forgets its offset', async () => {
      const state = await (await provider(engine)).openTask(taskOptions())
      const { counts, names, perHour } = stores(state)
      counts.put('a', 1)
      names.put('n', 'x')
      perHour.put('w', 1, 900_000)
      await commit(state, { counts: 5, names: 6, 'per-hour': 7 })
      await state.clear('counts')
      await state.clear('per-hour')
      expect(await counts.get('a')).toBeUndefined()
      expect(await pairs(counts.range())).toEqual([])
      expect(state.changelogOffset('counts')).toBeUndefined()
      expect(await names.get('n')).toBe('x')
      expect(state.changelogOffset('names')).toBe(6)
      // Stream time is forgotten as well: what was late is not any more.
      perHour.put('w', 2, 100_000)
      expect(await perHour.fetch('w', 100_000)).toBe(2)
    })

    test('keeps offsets that move without a write', async () => {
      const state = await (await provider(engine)).openTask(taskOptions())
      await commit(state, { counts: 5 })
      expect(state.changelogOffset('counts')).toBe(5)
      await commit(state, { counts: 5 })
      await commit(state)
      expect(state.changelogOffset('counts')).toBe(5)
    })
  })
}

function lifecycle(engine: Engine): void {
  describe(`lifecycle, ${engine.name}`, () => {
    test('opens a task once, and again after it was closed', async () => {
      const opened = await provider(engine)
      const state = await opened.openTask(taskOptions())
      await expect(opened.openTask(taskOptions())).rejects.toThrow(LifecycleError)
      await expect(opened.destroyTask(taskId)).rejects.toThrow(LifecycleError)
      await state.close()
      await state.close()
      await using again = await opened.openTask(taskOptions())
      expect(again.changelogOffset('counts')).toBeUndefined()
    })

    test('knows the tasks that have state, until they are destroyed', async () => {
      const opened = await provider(engine)
      expect(await opened.storedTasks()).toEqual([])
      const state = await opened.openTask(
        taskOptions({ taskId: { subTopology: 1, partition: 12 } }),
      )
      const global = await opened.openTask(taskOptions({ taskId: 'global' }))
      stores(state).counts.put('a', 1)
      await commit(state)
      expect(await opened.storedTasks()).toEqual([
        { subTopology: 1, partition: 12, changelogOffsetSum: 0 },
      ])
      await state.close()
      await global.close()
      await opened.destroyTask({ subTopology: 1, partition: 12 })
      await opened.destroyTask({ subTopology: 5, partition: 5 })
      await opened.destroyTask('global')
      expect(await opened.storedTasks()).toEqual([])
      const fresh = await opened.openTask(
        taskOptions({ taskId: { subTopology: 1, partition: 12 } }),
      )
      expect(await stores(fresh).counts.get('a')).toBeUndefined()
    })

    test('keeps tasks apart', async () => {
      const opened = await provider(engine)
      const one = await opened.openTask(taskOptions())
      const two = await opened.openTask(taskOptions({ taskId: { subTopology: 0, partition: 1 } }))
      stores(one).counts.put('a', 1)
      stores(two).counts.put('a', 2)
      await Promise.all([commit(one), commit(two)])
      expect(await stores(one).counts.get('a')).toBe(1)
      expect(await stores(two).counts.get('a')).toBe(2)
    })

    test('refuses use after closing, by name', async () => {
      const opened = await provider(engine)
      const state = await opened.openTask(taskOptions())
      const { counts, committedCounts } = stores(state)
      counts.put('a', 1)
      await state.close()
      expect(() => counts.get('a')).toThrow(StateStoreNotAvailableError)
      expect(() => counts.put('a', 1)).toThrow(/task 0_0/)
      expect(() => counts.range()).toThrow(StateStoreNotAvailableError)
      expect(() => committedCounts.get('a')).toThrow(StateStoreNotAvailableError)
      expect(() => state.seal()).toThrow(StateStoreNotAvailableError)
      await expect(state.restore('counts', [], 1)).rejects.toThrow(StateStoreNotAvailableError)
    })

    test('closes tasks with the provider, while an iterator is open', async () => {
      const opened = await provider(engine)
      const state = await opened.openTask(taskOptions())
      const { counts } = stores(state)
      for (let key = 0; key < 1000; key++) counts.put(`key-${key}`, key)
      await commit(state)
      const iterator = counts.range()
      expect(await iterator.nextBatch()).not.toEqual([])
      await opened.close()
      await opened.close()
      expect(() => counts.get('key-1')).toThrow(StateStoreNotAvailableError)
      await iterator.close()
      await expect(opened.openTask(taskOptions())).rejects.toThrow(LifecycleError)
    })

    test('refuses a store that is not there, and a name used twice', async () => {
      const opened = await provider(engine)
      const state = await opened.openTask(taskOptions())
      expect(() => state.store('missing')).toThrow(/missing.*counts, per-hour, names/)
      await state.close()
      const twice = taskOptions({ specs: [keyValueSpec, keyValueSpec] as never })
      await expect(opened.openTask(twice)).rejects.toThrow(StateStoreError)
      await expect(opened.openTask(twice)).rejects.toThrow(/counts is used twice/)
    })

    test('reports sizes', async () => {
      const state = await (await provider(engine)).openTask(taskOptions())
      stores(state).names.put('key', 'x'.repeat(100_000))
      await commit(state)
      const statistics = await state.statistics()
      expect(statistics.uncommittedBytes).toBe(0)
      expect(statistics.engineBytes).toBeGreaterThan(90_000)
    })
  })
}

function serdes(engine: Engine): void {
  describe(`serdes, ${engine.name}`, () => {
    test('binds, prepares and resolves before values are read', async () => {
      const known = new Set<string>()
      const calls: string[] = []
      const registered = (part: string): Serde<string> => ({
        name: `registered ${part}`,
        serialize(value, context) {
          expect(calls).toContain(`prepare ${part} ${context.topic}`)
          known.add(value)
          return Buffer.from(value)
        },
        deserialize(bytes) {
          if (!known.has(bytes.toString())) throw new Error(`${bytes.toString()} was not resolved`)
          return bytes.toString()
        },
        async resolve(values) {
          await Promise.resolve()
          for (const value of values) known.add(value.toString())
        },
        async prepare(context) {
          calls.push(`prepare ${context.part} ${context.topic}`)
        },
      })
      const unbound = (part: string): Serde<string> => ({
        ...registered(part),
        deserialize: () => expect.fail('not bound'),
        bind: () => registered(part),
      })
      const specs = [
        { ...keyValueSpec, storeName: 'bound', key: unbound('key'), value: unbound('value') },
      ] as never
      const opened = await provider(engine)
      const first = await opened.openTask(taskOptions({ specs }))
      const written = first.store('bound') as ReturnType<typeof stores>['names']
      written.put('k1', 'v1')
      written.put('k2', 'v2')
      const changes = await commit(first, { bound: 2 })
      await first.close()
      known.clear()
      const state = await opened.openTask(taskOptions({ specs }))
      if (!engine.persistent) await state.restore('bound', changes.map(changelogRecord), 2)
      const bound = state.store('bound') as ReturnType<typeof stores>['names']
      bound.prefetch('k1')
      await state.loadPrefetched()
      expect(bound.get('k1')).toBe('v1')
      expect(await pairs(bound.range())).toEqual([
        ['k1', 'v1'],
        ['k2', 'v2'],
      ])
      known.clear()
      const committed = state.committedStore('bound') as ReturnType<typeof stores>['names']
      if (engine.persistent) expect(await committed.get('k2')).toBe('v2')
      expect(calls.slice(0, 2)).toEqual([
        'prepare key app-bound-changelog',
        'prepare value app-bound-changelog',
      ])
    })

    test('refuses a timestamp that is no time when it is written, not when it is committed', async () => {
      const state = await (await provider(engine)).openTask(taskOptions())
      const { counts, perHour } = stores(state)
      for (const time of [Number.NaN, 1.5, Number.POSITIVE_INFINITY]) {
        expect(() => counts.put('a', 1, time)).toThrow(/store counts.*timestamp/)
        expect(() => perHour.put('a', 1, 100, time)).toThrow(/store per-hour.*timestamp/)
      }
      counts.put('before 1970', 1, -5_000_000_000_000)
      expect(await commit(state)).toHaveLength(1)
      expect((await counts.getWithTimestamp('before 1970'))?.timestampMs).toBe(-5_000_000_000_000)
    })

    test('keeps nothing of a write that its serde refuses', async () => {
      const state = await (await provider(engine)).openTask(taskOptions())
      const { counts } = stores(state)
      expect(() => counts.put('a', Number.NaN)).toThrow()
      expect(await counts.get('a')).toBeUndefined()
      expect(state.uncommittedBytes).toBe(0)
    })
  })
}
