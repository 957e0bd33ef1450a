import { describe, expect, test } from 'vitest'
import type { StoreIterator, WindowEntry } from 'millrace/state'
import type { LayeredTaskState } from '../../../src/state/layered-task-state.ts'
import {
  all,
  changelogRecord,
  commit,
  provider,
  stores,
  taskOptions,
  windowSpec,
  type Engine,
} from './harness.ts'

type Windows = StoreIterator<WindowEntry<string, number>>

async function starts(iterator: Windows): Promise<[string, number, number][]> {
  return (await all(iterator)).map(({ key, windowStartMs, value }) => [key, windowStartMs, value])
}

export function windowContract(engine: Engine): void {
  describe(`window store, ${engine.name}`, () => {
    test('reads what was written: before, while and after it is committed', async () => {
      const state = await (await provider(engine)).openTask(taskOptions())
      const { perHour } = stores(state)
      perHour.put('a', 1, 100_000)
      expect(await perHour.fetch('a', 100_000)).toBe(1)
      const sealed = state.seal()
      perHour.put('a', 2, 200_000, 250_000)
      expect(await perHour.fetch('a', 100_000)).toBe(1)
      await state.apply(sealed, new Map())
      expect(await perHour.fetch('a', 100_000)).toBe(1)
      expect(await perHour.fetchWithTimestamp('a', 200_000)).toEqual({
        value: 2,
        timestampMs: 250_000,
      })
      expect(await perHour.fetch('a', 300_000)).toBeUndefined()
      expect(await perHour.fetch('b', 100_000)).toBeUndefined()
      perHour.put('a', null, 100_000)
      expect(await perHour.fetch('a', 100_000)).toBeUndefined()
    })

    test('expires a window when its start is not above the highest start less the retention', async () => {
      const expired: [string, number][] = []
      const state = await (
        await provider(engine)
      ).openTask(taskOptions({ onExpired: (name, start) => expired.push([name, start]) }))
      const { perHour } = stores(state)
      perHour.put('a', 1, 99_999)
      perHour.put('a', 2, 100_000)
      perHour.put('a', 3, 100_001)
      await commit(state)
      expect(await starts(perHour.all())).toHaveLength(3)
      perHour.put('z', 4, 400_000)
      // 400,000 less the retention of 300,000 is 100,000: gone with all before it.
      expect(await perHour.fetch('a', 100_000)).toBeUndefined()
      expect(await perHour.fetch('a', 100_001)).toBe(3)
      expect(await starts(perHour.all())).toEqual([
        ['a', 100_001, 3],
        ['z', 400_000, 4],
      ])
      expect(await starts(perHour.fetchRange('a', 0, 400_000))).toEqual([['a', 100_001, 3]])
      expect(expired).toEqual([])
      perHour.put('a', 5, 100_000)
      perHour.put('a', null, 5)
      expect(expired).toEqual([
        ['per-hour', 100_000],
        ['per-hour', 5],
      ])
      const changes = await commit(state)
      expect(changes).toHaveLength(1)
      expect(await starts(perHour.all())).toEqual([
        ['a', 100_001, 3],
        ['z', 400_000, 4],
      ])
    })

    test('queries see windows expire when the write that expires them is committed', async () => {
      const state = await (await provider(engine)).openTask(taskOptions())
      const { perHour, committedPerHour } = stores(state)
      perHour.put('a', 1, 0)
      await commit(state)
      perHour.put('b', 2, 1_000_000)
      expect(await starts(committedPerHour.all())).toEqual([['a', 0, 1]])
      state.discard()
      expect(await perHour.fetch('a', 0)).toBe(1)
      perHour.put('b', 2, 1_000_000)
      await commit(state)
      expect(await starts(committedPerHour.all())).toEqual([['b', 1_000_000, 2]])
    })

    test("fetchRange gives one key's windows by start, both bounds included, and no other key's", async () => {
      const state = await (await provider(engine)).openTask(taskOptions())
      const { perHour } = stores(state)
      const longer = `a${'\0'.repeat(8)}`
      for (const [at, start] of [0, 100_000, 149_999, 150_000, 200_000, 299_999].entries()) {
        perHour.put('a', at, start)
        perHour.put(longer, 50 + at, start)
        perHour.put('b', 90 + at, start)
        if (at === 2) await commit(state)
      }
      expect(await starts(perHour.fetchRange('a', 100_000, 200_000))).toEqual([
        ['a', 100_000, 1],
        ['a', 149_999, 2],
        ['a', 150_000, 3],
        ['a', 200_000, 4],
      ])
      expect(await starts(perHour.fetchRange('a', 149_000, 1e15, { reverse: true }))).toEqual([
        ['a', 299_999, 5],
        ['a', 200_000, 4],
        ['a', 150_000, 3],
        ['a', 149_999, 2],
      ])
      expect(await starts(perHour.fetchRange(longer, 0, 1))).toEqual([[longer, 0, 50]])
      // The longer key's first window lies between the places of these two bounds.
      expect(await starts(perHour.fetchRange('a', 0, 1))).toEqual([['a', 0, 0]])
      expect(await starts(perHour.fetchRange('a', -5, -1))).toEqual([])
      expect(await starts(perHour.fetchRange('a', 5, 4))).toEqual([])
      expect(await starts(perHour.fetchRange('c', 0, 1e15))).toEqual([])
    })

    test('fetchAll gives all windows by start, then key', async () => {
      const state = await (await provider(engine)).openTask(taskOptions())
      const { perHour } = stores(state)
      const written: [string, number, number][] = []
      for (const start of [250_000, 0, 100_000, 160_000, 50_000]) {
        for (const key of ['b', 'a', '\xff', 'a\0']) written.push([key, start, written.length])
      }
      for (const [at, [key, start, value]] of written.entries()) {
        perHour.put(key, value, start)
        if (at === 9) await commit(state)
      }
      const order = ['a', 'a\0', 'b', '\xff']
      const expected = written.toSorted(
        (x, y) => x[1] - y[1] || order.indexOf(x[0]) - order.indexOf(y[0]),
      )
      expect(await starts(perHour.all())).toEqual(expected)
      expect(await starts(perHour.fetchAll(50_000, 160_000))).toEqual(
        expected.filter(([, start]) => start >= 50_000 && start <= 160_000),
      )
      expect(await starts(perHour.fetchAll(50_001, 99_999))).toEqual([])
    })

    test('writes Java’s changelog keys: key, window start, sequence number', async () => {
      const state = await (await provider(engine)).openTask(taskOptions())
      const { perHour } = stores(state)
      perHour.put('ab', 7, 0x0102030405, 9)
      const [change] = (await commit(state)).map(changelogRecord)
      expect(change?.key.toString('hex')).toBe('6162' + '0000000102030405' + '00000000')
      expect(change?.value?.toString()).toBe('7')
      expect(change?.timestampMs).toBe(9)
    })

    test('is restored from its changelog, and expires what was expired', async () => {
      const opened = await provider(engine)
      const state = await opened.openTask(taskOptions())
      const { perHour } = stores(state)
      perHour.put('a', 1, 0)
      perHour.put('b', 2, 100_000)
      const changes = await commit(state)
      perHour.put('c', 3, 350_000)
      perHour.put('b', null, 100_000)
      changes.push(...(await commit(state)))
      const live = await all(perHour.all())
      const second = { subTopology: 0, partition: 1 }
      const restored = await opened.openTask(taskOptions({ taskId: second }))
      await restored.restore('per-hour', changes.map(changelogRecord), changes.length)
      expect(await all(stores(restored).perHour.all())).toEqual(live)
      expect(live.map(({ key }) => key)).toEqual(['c'])
      expect(restored.changelogOffset('per-hour')).toBe(changes.length)
    })

    test('frees what has expired, segment by segment', async () => {
      const state = await (await provider(engine)).openTask(taskOptions())
      const { perHour } = stores(state)
      for (let start = 0; start < 5_000_000; start += 50_000) {
        for (let key = 0; key < 20; key++) perHour.put(`key-${key}`, key, start)
        if (start % 500_000 === 0) await commit(state)
      }
      await commit(state)
      expect(await all(perHour.all())).toHaveLength(6 * 20)
      // 300 s of retention in segments of 150 s: at most three of them hold anything, where 2,000 windows were written.
      const { engine: kept } = (state as LayeredTaskState).placed('per-hour')
      expect(await kept.entries('per-hour').count()).toBeLessThanOrEqual(9 * 20)
    })

    test('does not keep what a restore brings of expired segments', async () => {
      const opened = await provider(engine)
      const live = await opened.openTask(taskOptions())
      for (let start = 0; start < 5_000_000; start += 50_000) {
        stores(live).perHour.put('a', 1, start)
      }
      const records = (await commit(live)).map(changelogRecord)
      const second = { subTopology: 0, partition: 1 }
      const state = await opened.openTask(taskOptions({ taskId: second }))
      await state.restore('per-hour', records.slice(50), 50)
      await state.restore('per-hour', records.slice(0, 50), 100)
      const { engine: kept } = (state as LayeredTaskState).placed('per-hour')
      expect(await kept.entries('per-hour').count()).toBeLessThanOrEqual(9)
      expect(await all(stores(state).perHour.all())).toHaveLength(6)
    })

    test('remembers what has expired when it is opened again', async () => {
      const opened = await provider(engine)
      const state = await opened.openTask(taskOptions())
      stores(state).perHour.put('late', 1, 310_000)
      stores(state).perHour.put('high', 2, 600_000)
      const records = (await commit(state)).map(changelogRecord)
      stores(state).perHour.put('high', 3, 620_000)
      stores(state).perHour.put('high', null, 620_000)
      records.push(...(await commit(state)).map(changelogRecord))
      await state.close()
      const again = await opened.openTask(taskOptions())
      if (!engine.persistent) await again.restore('per-hour', records, 3)
      const { perHour } = stores(again)
      // 620,000 less 300,000 is above it, though no window of 620,000 is there any more.
      expect(await perHour.fetch('late', 310_000)).toBeUndefined()
      expect(await starts(perHour.all())).toEqual([['high', 600_000, 2]])
    })

    test('refuses a changelog key that is no window’s key', async () => {
      const state = await (await provider(engine)).openTask(taskOptions())
      const record = { key: Buffer.from('short'), value: Buffer.from('1'), timestampMs: 1 }
      await expect(state.restore('per-hour', [record], 1)).rejects.toThrow(/per-hour.*no window/)
      expect(state.changelogOffset('per-hour')).toBeUndefined()
    })

    test('refuses a window start that is no time', async () => {
      const state = await (await provider(engine)).openTask(taskOptions())
      const { perHour } = stores(state)
      for (const start of [-1, 1.5, Number.NaN, 2 ** 53]) {
        expect(() => perHour.put('a', 1, start)).toThrow(/per-hour.*window start/)
        expect(() => perHour.fetch('a', start)).toThrow(/per-hour.*window start/)
      }
    })

    test('keeps its layout when the retention is changed', async () => {
      const folderProvider = await provider(engine)
      const state = await folderProvider.openTask(taskOptions())
      stores(state).perHour.put('a', 1, 400_000)
      const changes = await commit(state, { 'per-hour': 1 })
      await state.close()
      const longer = { ...windowSpec, retentionMs: 3_000_000 }
      const again = await folderProvider.openTask(taskOptions({ specs: [longer] as never }))
      if (!engine.persistent) {
        await again.restore('per-hour', changes.map(changelogRecord), 1)
      }
      const store = again.store('per-hour') as ReturnType<typeof stores>['perHour']
      expect(await store.fetch('a', 400_000)).toBe(1)
      store.put('a', 2, 2_000_000)
      expect(await starts(store.fetchRange('a', 0, 1e12))).toEqual([
        ['a', 400_000, 1],
        ['a', 2_000_000, 2],
      ])
    })
  })
}
