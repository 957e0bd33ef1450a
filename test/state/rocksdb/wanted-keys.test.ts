import { expect, test } from 'vitest'
import type { KeyValueStore, TaskState } from 'millrace/state'
import type { LayeredTaskState } from '../../../src/state/layered-task-state.ts'
import type { RocksDbEntries } from '../../../src/state/rocksdb/rocksdb-entries.ts'
import type { StorageKey } from '../../../src/state/key-bytes.ts'
import { keyValueSpec } from '../contract/harness.ts'
import { Disk, openOn } from './counting-disk.ts'

const roomy = 1 << 20

const counts = (state: TaskState): KeyValueStore<string, number> =>
  state.store('counts') as KeyValueStore<string, number>

// A punctuation that wanted the same keys again and again grew without bound while no input arrived.
test('keys that are wanted often and never loaded are not kept once each time', async () => {
  const disk = new Disk()
  await (await openOn(disk, keyValueSpec, roomy)).close()
  const state = await openOn(disk, keyValueSpec, roomy)
  const { engine } = (state as LayeredTaskState).placed('counts')
  const entries = engine.entries('counts') as RocksDbEntries
  counts(state).prefetch('a')
  expect(entries.slots.get('a' as StorageKey)).toBeUndefined()
  for (let times = 0; times < 10_000; times++) counts(state).prefetch('a')
  expect(entries.slots.get('a' as StorageKey)).toMatchObject({ isRead: true })
  await state.loadPrefetched()
  expect(disk.asked).toBe(1)
})
