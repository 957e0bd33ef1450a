import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { KeyValueStore, SealedChanges, TaskState } from 'millrace/state'
import { fetchedRecords, keyValueSpec } from '../contract/harness.ts'
import { Disk, openOn } from './counting-disk.ts'

const roomy = 1 << 20

function counts(state: TaskState): KeyValueStore<string, number> {
  return state.store('counts') as KeyValueStore<string, number>
}

async function commit(state: TaskState): Promise<void> {
  await state.apply(state.seal(), new Map())
}

/** Puts and commits a count for each of these keys. */
async function write(state: TaskState, keys: readonly string[], count: number): Promise<void> {
  for (const key of keys) counts(state).put(key, count)
  await commit(state)
}

const record = (
  key: string,
  count: number,
): { key: Buffer; value: Buffer; timestampMs: number } => ({
  key: Buffer.from(key),
  value: Buffer.from(String(count)),
  timestampMs: 0,
})

describe('a store that began empty', () => {
  test('does not ask the disk for what is not in memory', async () => {
    const disk = new Disk()
    const state = await openOn(disk, keyValueSpec, roomy)
    for (const key of ['a', 'b']) {
      counts(state).prefetch(key)
      await state.loadPrefetched()
      expect(counts(state).get(key)).toBe(undefined)
      await write(state, [key], 1)
      expect(counts(state).get(key)).toBe(1)
    }
    counts(state).delete('a')
    await commit(state)
    expect(counts(state).get('a')).toBe(undefined)
    expect(disk.asked).toBe(0)
  })

  test('asks it once entries were let go', async () => {
    const disk = new Disk()
    const state = await openOn(disk, keyValueSpec, 2000)
    const keys = Array.from({ length: 30 }, (_, at) => `key-${at}`)
    for (const key of keys) await write(state, [key], 1)
    for (const key of keys) expect(await counts(state).get(key)).toBe(1)
    expect(await counts(state).get('none')).toBe(undefined)
    expect(disk.asked).toBeGreaterThan(20)
  })

  test('asks it after a restart', async () => {
    const disk = new Disk()
    const before = await openOn(disk, keyValueSpec, roomy)
    await write(before, ['a'], 1)
    await before.close()
    const state = await openOn(disk, keyValueSpec, roomy)
    expect(await counts(state).get('a')).toBe(1)
    expect(disk.asked).toBe(1)
  })

  test('asks it for what was restored', async () => {
    const disk = new Disk()
    const state = await openOn(disk, keyValueSpec, roomy)
    const fetched = fetchedRecords([record('a', 3)])
    const { written } = await state.restoreFetched('counts', fetched, {
      after: undefined,
      nextOffset: 1,
    })
    await written
    expect(await counts(state).get('a')).toBe(3)
    expect(disk.asked).toBe(1)
  })

  test('does not ask it after a restore that brought nothing', async () => {
    const disk = new Disk()
    const state = await openOn(disk, keyValueSpec, roomy)
    await state.restore('counts', [], 5)
    expect(counts(state).get('a')).toBe(undefined)
    expect(disk.asked).toBe(0)
  })

  test('asks it for what a commit that failed may have brought', async () => {
    const disk = new Disk()
    const state = await openOn(disk, keyValueSpec, roomy)
    disk.answers = false
    await expect(write(state, ['a'], 1)).rejects.toThrow('no answer')
    state.discard()
    expect(await counts(state).get('a')).toBe(1)
  })

  test('is one again when it was cleared', async () => {
    const disk = new Disk()
    const before = await openOn(disk, keyValueSpec, roomy)
    await write(before, ['a'], 1)
    await before.close()
    const state = await openOn(disk, keyValueSpec, roomy)
    await state.clear('counts')
    expect(counts(state).get('a')).toBe(undefined)
    expect(disk.asked).toBe(0)
  })
})

const key = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f')
const step = fc.record({
  do: fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom('put', 'get') },
    { weight: 3, arbitrary: fc.constantFrom('delete', 'prefetch', 'seal', 'commit', 'begin') },
    {
      weight: 1,
      arbitrary: fc.constantFrom('restore', 'restore fetched', 'discard', 'clear', 'reopen'),
    },
  ),
  key,
})

interface Step {
  readonly do: string
  readonly key: string
}

test('every read finds what was written, however little is kept in memory', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 60 }),
      fc.constantFrom(0, 700, 1400, roomy),
      async (steps, cacheBytes) => await agreesWithMap(steps, cacheBytes),
    ),
    { numRuns: 200 },
  )
})

async function agreesWithMap(steps: readonly Step[], cacheBytes: number): Promise<void> {
  const disk = new Disk()
  let state = await openOn(disk, keyValueSpec, cacheBytes)
  let committed = new Map<string, number>()
  let map = new Map<string, number>()
  let sealed: { changes: SealedChanges; map: Map<string, number> } | undefined
  let applying: Promise<void> | undefined
  const dropUncommitted = (): void => {
    sealed = undefined
    map = new Map(committed)
  }
  const beginCommit = (): void => {
    sealed ??= { changes: state.seal(), map: new Map(map) }
    applying = state.apply(sealed.changes, new Map())
    committed = sealed.map
    sealed = undefined
  }
  for (const [at, { do: what, key }] of steps.entries()) {
    // The others wait for a commit that is under way.
    if (!['put', 'delete', 'get', 'prefetch'].includes(what)) await applying
    switch (what) {
      case 'put':
        counts(state).put(key, at)
        map.set(key, at)
        break
      case 'delete':
        counts(state).delete(key)
        map.delete(key)
        break
      case 'get':
        expect(await counts(state).get(key)).toBe(map.get(key))
        break
      case 'prefetch':
        counts(state).prefetch(key)
        await state.loadPrefetched()
        break
      case 'restore':
        state.discard()
        await state.restore('counts', [record(key, at)], at)
        committed.set(key, at)
        dropUncommitted()
        break
      case 'restore fetched': {
        state.discard()
        const place = { after: state.changelogOffset('counts'), nextOffset: at }
        const fetched = fetchedRecords([record(key, at)])
        await (
          await state.restoreFetched('counts', fetched, place)
        ).written
        committed.set(key, at)
        dropUncommitted()
        break
      }
      case 'seal':
        sealed ??= { changes: state.seal(), map: new Map(map) }
        break
      case 'begin':
        beginCommit()
        break
      case 'commit':
        beginCommit()
        await applying
        break
      case 'discard':
        state.discard()
        dropUncommitted()
        break
      case 'clear':
        state.discard()
        await state.clear('counts')
        committed = new Map()
        dropUncommitted()
        break
      default:
        await state.close()
        state = await openOn(disk, keyValueSpec, cacheBytes)
        dropUncommitted()
    }
  }
  for (const each of ['a', 'b', 'c', 'd', 'e', 'f']) {
    expect(await counts(state).get(each), each).toBe(map.get(each))
  }
}
