import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { json } from 'millrace/serdes'
import {
  keyValueStore,
  sessionStore,
  type KeyValueStore,
  type KeyValueStoreOptions,
  type StateProvider,
  type StoreSpec,
  type TaskState,
} from 'millrace/state'
import { rocksDbState } from 'millrace/state/rocksdb'
import { StateStoreError } from '../../../src/core/errors.ts'
import {
  byteText,
  changelogRecord,
  commit,
  pairs,
  stores,
  taskOptions,
  temporaryFolder,
} from '../contract/harness.ts'
import { workingBindings } from './working-bindings.ts'

const serdes = { key: byteText, value: json<number>() }
const sessions = sessionStore({ name: 'sessions', ...serdes, retentionMs: 1000 })

async function formatOf(folder: string): Promise<number> {
  const text = await readFile(join(folder, '0_0', 'format.json'), 'utf8')
  return (JSON.parse(text) as { format: number }).format
}

function declared(options: Partial<KeyValueStoreOptions<string, number>>): readonly StoreSpec[] {
  return [keyValueStore({ name: 'k', ...serdes, ...options })] as unknown as readonly StoreSpec[]
}

async function openWith(opened: StateProvider, specs: readonly StoreSpec[]): Promise<TaskState> {
  return opened.openTask(taskOptions({ specs }))
}

const counts = (state: TaskState): KeyValueStore<string, number> =>
  state.store('k') as KeyValueStore<string, number>

describe.each(workingBindings)('the format of a state folder, %s', (binding) => {
  test('stays the first one for plain stores, and is raised for what older versions do not read', async () => {
    const folder = await temporaryFolder()
    await using first = rocksDbState({ folder, binding })
    const plain = await first.openTask(taskOptions())
    stores(plain).counts.put('a', 1)
    stores(plain).perHour.put('a', 2, 100_000)
    await commit(plain, { counts: 3, 'per-hour': 4 })
    await plain.close()
    expect(await formatOf(folder)).toBe(1)

    // Another kind beside them: what was written in the first format is there still.
    const specs = [...taskOptions().specs, sessions as unknown as StoreSpec]
    const more = await first.openTask(taskOptions({ specs }))
    expect(await formatOf(folder)).toBe(2)
    expect(await stores(more).counts.get('a')).toBe(1)
    expect(await stores(more).perHour.fetch('a', 100_000)).toBe(2)
    expect(more.changelogOffset('counts')).toBe(3)
    await more.close()

    // The session store's entries are still in it when it is declared no more.
    const less = await first.openTask(taskOptions())
    expect(await formatOf(folder)).toBe(2)
    expect(await stores(less).counts.get('a')).toBe(1)
  })

  test.each([
    ['a TTL', { ttlMs: 1000 }],
    ['headers', { headers: true }],
    ['both', { ttlMs: 1000, headers: true }],
  ])('a store that is given %s later, or no more, is restored anew', async (_, options) => {
    const folder = await temporaryFolder()
    await using opened = rocksDbState({ folder, binding })
    const plain = await openWith(opened, declared({}))
    counts(plain).put('a', 1, 900)
    const changes = await commit(plain, { k: 1 })
    await plain.close()
    for (const specs of [declared(options), declared({})]) {
      const state = await openWith(opened, specs)
      expect(state.changelogOffset('k')).toBeUndefined()
      expect(await pairs(counts(state).range())).toEqual([])
      await state.restore('k', changes.map(changelogRecord), 1)
      expect(await pairs(counts(state).range())).toEqual([['a', 1]])
      await state.close()
      const again = await openWith(opened, specs)
      expect(again.changelogOffset('k')).toBe(1)
      expect(await pairs(counts(again).range())).toEqual([['a', 1]])
      await again.close()
    }
  })

  test('a store that could not be restored is left as it is, and the change is refused', async () => {
    const folder = await temporaryFolder()
    await using opened = rocksDbState({ folder, binding })
    const plain = await openWith(opened, declared({ logging: false }))
    counts(plain).put('a', 1)
    await commit(plain)
    await plain.close()
    const changed = openWith(opened, declared({ logging: false, ttlMs: 5, headers: true }))
    await expect(changed).rejects.toThrow(StateStoreError)
    await expect(changed).rejects.toThrow(/store k was a plain one.*one with ttl and headers/)
    const again = await openWith(opened, declared({ logging: false }))
    expect(await counts(again).get('a')).toBe(1)
  })
})
