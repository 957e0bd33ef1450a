import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { unpacked } from '../../../src/core/byte-text.ts'
import { windowChangelogKey } from '../../../src/state/window-keys.ts'
import { windowSpec } from '../contract/harness.ts'
import type { SealedChanges, TaskState, WindowStore } from 'millrace/state'
import { Disk, openOn } from './counting-disk.ts'

function windows(state: TaskState): WindowStore<string, number> {
  return state.store('per-hour') as WindowStore<string, number>
}

async function commit(state: TaskState): Promise<void> {
  await state.apply(state.seal(), new Map())
}

const startsMs = [100_000, 200_000, 250_000, 300_000]
const place = { key: fc.constantFrom('a', 'b', 'c', 'd'), startMs: fc.constantFrom(...startsMs) }
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('put'), ...place }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('delete'), ...place }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('fetch'), ...place }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('prefetch'), ...place }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restore'), ...place }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('seal') }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('commit') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('discard') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reopen') }) },
)

interface Step {
  readonly do: string
  readonly key?: string
  readonly startMs?: number
}

let opened: Disk

function disk(): Disk {
  opened = new Disk()
  return opened
}

describe('the windows that are in memory', () => {
  test('the disk is not asked for what has begun since the store was opened', async () => {
    const state = await openOn(disk(), windowSpec, 1 << 20)
    const perHour = windows(state)
    for (const startMs of [100_000, 200_000]) {
      for (const key of ['a', 'b']) {
        perHour.prefetch(key, startMs)
        await state.loadPrefetched()
        expect(perHour.fetch(key, startMs)).toBe(undefined)
        perHour.put(key, 1, startMs)
        await commit(state)
        expect(perHour.fetch(key, startMs)).toBe(1)
      }
    }
    expect(opened.asked).toBe(0)
  })

  test('the disk is asked for what was there before', async () => {
    const before = await openOn(disk(), windowSpec, 1 << 20)
    windows(before).put('a', 1, 100_000)
    await commit(before)
    await before.close()
    const state = await openOn(opened, windowSpec, 1 << 20)
    const perHour = windows(state)
    expect(await perHour.fetch('a', 100_000)).toBe(1)
    expect(await perHour.fetch('b', 100_000)).toBe(undefined)
    expect(opened.asked).toBe(2)
    expect(perHour.fetch('b', 200_000)).toBe(undefined)
    expect(opened.asked).toBe(2)
  })

  test('every read finds what was written, whatever was let go meanwhile', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        await agreesWithMap(steps)
      }),
      { numRuns: 150 },
    )
  })
})

/** Windows of a store whose cache holds two or three entries, beside a map. */
async function agreesWithMap(steps: readonly Step[]): Promise<void> {
  const cacheBytes = 1000
  let state = await openOn(disk(), windowSpec, cacheBytes)
  let committed = new Map<string, number>()
  let map = new Map<string, number>()
  let sealed: { changes: SealedChanges; map: Map<string, number> } | undefined
  for (const [at, { do: what, key = '', startMs = 0 }] of steps.entries()) {
    const perHour = windows(state)
    const name = `${key} ${startMs}`
    switch (what) {
      case 'put':
        perHour.put(key, at, startMs)
        map.set(name, at)
        break
      case 'delete':
        perHour.put(key, null, startMs)
        map.delete(name)
        break
      case 'fetch':
        expect(await perHour.fetch(key, startMs)).toBe(map.get(name))
        break
      case 'prefetch':
        perHour.prefetch(key, startMs)
        await state.loadPrefetched()
        break
      case 'restore': {
        state.discard()
        sealed = undefined
        const record = {
          key: unpacked(windowChangelogKey(key, startMs)),
          value: Buffer.from(String(at)),
          timestampMs: 0,
        }
        await state.restore('per-hour', [record], at)
        committed.set(name, at)
        map = new Map(committed)
        break
      }
      case 'seal':
        sealed ??= { changes: state.seal(), map: new Map(map) }
        break
      case 'commit':
        sealed ??= { changes: state.seal(), map: new Map(map) }
        await state.apply(sealed.changes, new Map())
        committed = sealed.map
        sealed = undefined
        break
      case 'discard':
        state.discard()
        sealed = undefined
        map = new Map(committed)
        break
      default:
        sealed = undefined
        await state.close()
        state = await openOn(opened, windowSpec, cacheBytes)
        map = new Map(committed)
    }
  }
  for (const startMs of startsMs) {
    for (const key of ['a', 'b', 'c', 'd']) {
      const found = await windows(state).fetch(key, startMs)
      expect(found, `${key} at ${startMs}`).toBe(map.get(`${key} ${startMs}`))
    }
  }
}
