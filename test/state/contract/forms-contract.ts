import { describe, expect, test } from 'vitest'
import { json } from 'millrace/serdes'
import {
  keyValueStore,
  sessionStore,
  versionedStore,
  windowStore,
  type KeyValueStore,
  type ReadOnlyKeyValueStore,
  type SessionStore,
  type StoreSpec,
  type TaskState,
  type VersionedStore,
  type WindowStore,
} from 'millrace/state'
import type { LayeredTaskState } from '../../../src/state/layered-task-state.ts'
import {
  all,
  byteText,
  changelogRecord,
  commit,
  provider,
  taskOptions,
  type Engine,
} from './harness.ts'

const serdes = { key: byteText, value: json<number>() }
const sessionSpec = sessionStore({ name: 's', ...serdes, retentionMs: 300_000 })
const duplicatesSpec = windowStore({
  name: 'w',
  ...serdes,
  windowSizeMs: 10,
  retentionMs: 300_000,
  retainDuplicates: true,
})
const versionedSpec = versionedStore({ name: 'v', ...serdes, historyRetentionMs: 300_000 })
const timedSpec = keyValueStore({ name: 'k', ...serdes, ttlMs: 1000 })
const headersSpec = keyValueStore({ name: 'h', ...serdes, headers: true })

interface Opened {
  readonly state: TaskState
  readonly clock: { recordTimestampMs: number; streamTimeMs: number }
  readonly expired: [string, number][]
  readonly sessions: SessionStore<string, number>
  readonly duplicates: WindowStore<string, number>
  readonly versions: VersionedStore<string, number>
  readonly timed: KeyValueStore<string, number>
  readonly headed: KeyValueStore<string, number>
}

/** All kinds in one task. */
async function open(engine: Engine): Promise<Opened> {
  const clock = { recordTimestampMs: 1000, streamTimeMs: 1000 }
  const expired: [string, number][] = []
  const specs = [sessionSpec, duplicatesSpec, versionedSpec, timedSpec, headersSpec]
  const state = await (
    await provider(engine)
  ).openTask(
    taskOptions({
      specs: specs as unknown as readonly StoreSpec[],
      clock,
      onExpired: (name, timeMs) => expired.push([name, timeMs]),
    }),
  )
  return {
    state,
    clock,
    expired,
    sessions: state.store('s') as SessionStore<string, number>,
    duplicates: state.store('w') as WindowStore<string, number>,
    versions: state.store('v') as VersionedStore<string, number>,
    timed: state.store('k') as KeyValueStore<string, number>,
    headed: state.store('h') as KeyValueStore<string, number>,
  }
}

/** What each kind writes to its changelog, when it drops what is old, and what it refuses. */
export function formsContract(engine: Engine): void {
  sessionForm(engine)
  duplicatesForm(engine)
  versionedForm(engine)
  timedForm(engine)
  headersForm(engine)
}

function sessionForm(engine: Engine): void {
  describe(`session store, ${engine.name}`, () => {
    test('writes Java’s changelog keys: key, end, start; null removes', async () => {
      const { state, sessions } = await open(engine)
      sessions.put('ab', 0x0102030405, 0x0102030499, 7)
      const [change] = await commit(state)
      expect(change?.key.toString('hex')).toBe('6162' + '0000000102030499' + '0000000102030405')
      expect(change?.value?.toString()).toBe('7')
      expect(change?.timestampMs).toBe(1000)
      sessions.remove('ab', 0x0102030405, 0x0102030499)
      const [removal] = await commit(state)
      expect(removal?.key).toEqual(change?.key)
      expect(removal?.value).toBeNull()
      expect(await all(sessions.all())).toEqual([])
    })

    test('expires a session when its end is not above the highest end less the retention', async () => {
      const { state, sessions, expired } = await open(engine)
      sessions.put('a', 50_000, 100_000, 1)
      sessions.put('a', 100_001, 100_001, 2)
      await commit(state)
      sessions.put('z', 400_000, 400_000, 3)
      expect((await all(sessions.all())).map(({ value }) => value)).toEqual([2, 3])
      expect(await sessions.fetchSession('a', 50_000, 100_000)).toBeUndefined()
      sessions.put('late', 7, 100_000, 4)
      expect(expired).toEqual([['s', 7]])
      expect(await commit(state)).toHaveLength(1)
    })

    test('refuses times that are no session, and changelog keys that are none', async () => {
      const { state, sessions } = await open(engine)
      for (const [start, end] of [
        [-1, 5],
        [6, 5],
        [1.5, 2],
        [0, Number.NaN],
      ] as const) {
        expect(() => sessions.put('a', start, end, 1)).toThrow(/store s .*session from/)
      }
      const record = { key: Buffer.from('short'), value: Buffer.from('1'), timestampMs: 1 }
      await expect(state.restore('s', [record], 1)).rejects.toThrow(/session store s.*no session/)
    })
  })
}

function duplicatesForm(engine: Engine): void {
  describe(`window store that retains duplicates, ${engine.name}`, () => {
    test('counts up Java’s sequence numbers, also after a restore', async () => {
      const { state, duplicates } = await open(engine)
      for (const value of [1, 2]) duplicates.put('a', value, 10)
      const changes = await commit(state)
      expect(changes.map(({ key }) => key.toString('hex'))).toEqual([
        '61000000000000000a00000001',
        '61000000000000000a00000002',
      ])
      const other = await open(engine)
      await other.state.restore('w', changes.map(changelogRecord), 2)
      other.duplicates.put('a', 3, 10)
      const [third] = await commit(other.state)
      expect(third?.key.toString('hex')).toBe('61000000000000000a00000003')
      const values = (await all(other.duplicates.fetchRange('a', 10, 10))).map(({ value }) => value)
      expect(values).toEqual([1, 2, 3])
      expect(await other.duplicates.fetch('a', 10)).toBe(3)
    })

    test('does nothing at a put of null', async () => {
      const { state, duplicates, expired } = await open(engine)
      duplicates.put('a', 1, 10)
      duplicates.put('a', null, 10)
      duplicates.put('a', undefined, 1_000_000)
      expect(await duplicates.fetch('a', 10)).toBe(1)
      expect(await commit(state)).toHaveLength(1)
      expect(expired).toEqual([])
    })
  })
}

function versionedForm(engine: Engine): void {
  describe(`versioned store, ${engine.name}`, () => {
    test('logs every version with its own time, in the order of the writes', async () => {
      const { state, versions } = await open(engine)
      await versions.put('a', 1, 30)
      await versions.put('a', 2, 10)
      await versions.delete('a', 20)
      await versions.put('a', 3, 30)
      const changes = await commit(state)
      expect(
        changes.map(({ key, value, timestampMs }) => [
          key.toString(),
          value?.toString() ?? null,
          timestampMs,
        ]),
      ).toEqual([
        ['a', '2', 10],
        ['a', null, 20],
        ['a', '3', 30],
      ])
    })

    test('ignores what is older than its history, and says so', async () => {
      const { state, versions, expired } = await open(engine)
      await versions.put('a', 1, 100)
      await versions.put('b', 2, 400_000)
      expect(await versions.put('a', 3, 99_999)).toEqual({ written: false })
      expect(await versions.put('a', 4, 100_000)).toEqual({ written: true })
      expect(expired).toEqual([['v', 99_999]])
      expect(await commit(state)).toHaveLength(3)
      // What was valid before the history began cannot be told any more; the latest can, whatever its age.
      expect(await versions.get('a', 99_999)).toBeUndefined()
      await versions.put('b', 5, 1_000_000)
      expect(await versions.get('a', 200_000)).toEqual({ value: 4, timestampMs: 100_000 })
      expect(await versions.get('b', 600_000)).toBeUndefined()
      expect(await versions.get('b', 700_000)).toEqual({
        value: 2,
        timestampMs: 400_000,
        validToMs: 1_000_000,
      })
    })

    test('orders puts of a key that are not awaited one by one', async () => {
      const { state, versions } = await open(engine)
      await versions.put('a', 1, 10)
      await versions.put('a', 5, 50)
      await commit(state)
      await Promise.all([30, 20, 40, 20].map((at) => versions.put('a', at, at)))
      const seen = (await all(versions.versions('a'))).map(({ timestampMs, validToMs }) => [
        timestampMs,
        validToMs,
      ])
      expect(seen).toEqual([
        [10, 20],
        [20, 30],
        [30, 40],
        [40, 50],
        [50, undefined],
      ])
    })

    test('frees versions and deletions that have expired', async () => {
      const { state, versions } = await open(engine)
      for (let at = 0; at < 200; at++) {
        await versions.put(`key-${at % 20}`, at, at * 50_000)
        await versions.delete(`gone-${at}`, at * 50_000)
        if (at % 20 === 0) await commit(state)
      }
      await state.expire()
      await commit(state)
      const kept = (state as LayeredTaskState).placed('v').engine.entries('v')
      // 20 latest versions; of 300 s in segments of 150 s at most nine times two closed versions and deletions.
      expect(await kept.count()).toBeLessThanOrEqual(20 + 9 + 2 * 9)
      expect(await all(versions.all())).toHaveLength(20)
    })

    test('refuses a time before the epoch', async () => {
      const { versions } = await open(engine)
      expect(() => versions.put('a', 1, -1)).toThrow(/store v .*timestamp -1/)
    })
  })
}

function timedForm(engine: Engine): void {
  describe(`key-value store with a TTL, ${engine.name}`, () => {
    test('hides a value at once when it has expired, and deletes it in the changelog too', async () => {
      const { state, timed, clock } = await open(engine)
      timed.put('a', 1, 500)
      timed.put('b', 2, 501)
      await commit(state)
      clock.streamTimeMs = 1500
      expect(await timed.get('a')).toBeUndefined()
      expect(await timed.putIfAbsent('a', 9)).toBeUndefined()
      timed.put('a', 1, 500)
      expect(await timed.get('b')).toBe(2)
      const committed = state.committedStore('k') as ReadOnlyKeyValueStore<string, number>
      expect(await all(committed.range())).toHaveLength(2)
      await state.expire()
      const changes = await commit(state)
      expect(
        changes.map(({ key, value, timestampMs }) => [key.toString(), value, timestampMs]),
      ).toEqual([['a', null, 1500]])
      expect(await all(committed.range())).toEqual([{ key: 'b', value: 2, timestampMs: 501 }])
    })

    test('keeps store and changelog in step, deleting a bounded number at a time, oldest first', async () => {
      const { state, timed, clock } = await open(engine)
      for (let key = 0; key < 2500; key++) timed.put(String(key).padStart(4, '0'), key, key)
      const changelog = new Map(
        (await commit(state)).map(({ key, value }) => [key.toString(), value]),
      )
      clock.streamTimeMs = 3499
      const deleted: number[] = []
      for (let turn = 0; turn < 4; turn++) {
        await state.expire()
        const changes = await commit(state)
        deleted.push(changes.length)
        expect(changes.every(({ value }) => value === null)).toBe(true)
        for (const { key } of changes) changelog.delete(key.toString())
        const oldest = [...changelog.keys()].sort()[0]
        if (oldest !== undefined) expect(Number(oldest)).toBe((turn + 1) * 1000)
      }
      expect(deleted).toEqual([1000, 1000, 500, 0])
      expect([...changelog.keys()]).toEqual([])
      expect(await timed.approximateEntries()).toBe(0)
      expect(await (state as LayeredTaskState).placed('k').engine.entries('k').count()).toBe(0)
    })

    test('a value written anew lives on from its new time', async () => {
      const { state, timed, clock } = await open(engine)
      timed.put('a', 1, 500)
      await commit(state)
      timed.put('a', 2, 1400)
      await commit(state)
      clock.streamTimeMs = 2000
      await state.expire()
      expect(await commit(state)).toEqual([])
      expect(await timed.get('a')).toBe(2)
      clock.streamTimeMs = 2400
      expect(await timed.get('a')).toBeUndefined()
    })
  })
}

function headersForm(engine: Engine): void {
  describe(`key-value store that keeps headers, ${engine.name}`, () => {
    const headers = [
      { key: 'trace', value: Buffer.from([0, 255]) },
      { key: 'trace', value: null },
      { key: 'ünï', value: Buffer.alloc(0) },
    ]

    test('gives back the headers of the record: before and after a commit, in scans, and restored', async () => {
      const { state, headed } = await open(engine)
      headed.put('a', 1, 5, headers)
      headed.put('b', 2, 6)
      const entry = { value: 1, timestampMs: 5, headers }
      expect(await headed.getWithHeaders('a')).toEqual(entry)
      const changes = await commit(state)
      expect(changes.map(({ value, headers }) => [value?.toString(), headers])).toEqual([
        ['1', headers],
        ['2', []],
      ])
      expect(await headed.get('a')).toBe(1)
      const other = await open(engine)
      expect(other.state.keepsHeaders('h')).toBe(true)
      expect(other.state.keepsHeaders('k')).toBe(false)
      await other.state.restore('h', changes.map(changelogRecord), 2)
      for (const store of [headed, other.headed]) {
        expect(await store.getWithHeaders('a')).toEqual(entry)
        expect(await all(store.range())).toEqual([
          { key: 'a', ...entry },
          { key: 'b', value: 2, timestampMs: 6, headers: [] },
        ])
      }
    })

    test('takes the headers of the record in process where none are given', async () => {
      const { state, headed, clock } = await open(engine)
      Object.assign(clock, { recordHeaders: headers })
      headed.put('a', 1)
      expect(await headed.putIfAbsent('b', 2)).toBeUndefined()
      headed.put('c', 3, 7, [])
      await commit(state)
      const kept = (await all(headed.range())).map((entry) => entry.headers)
      expect(kept).toEqual([headers, headers, []])
    })
  })
}
