import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { rocksDbState, type BindingName } from 'millrace/state/rocksdb'
import { StateCorruptedError, StateStoreError } from '../../../src/core/errors.ts'
import { commit, pairs, stores, taskId, taskOptions, temporaryFolder } from '../contract/harness.ts'
import { workingBindings } from './working-bindings.ts'

/** A state folder with one task in it. */
async function writtenFolder(binding: BindingName): Promise<string> {
  const folder = await temporaryFolder()
  await using state = rocksDbState({ folder, binding })
  const task = await state.openTask(taskOptions())
  for (let key = 0; key < 1000; key++) stores(task).counts.put(`key-${key}`, key)
  await commit(task, { counts: 1000 })
  return folder
}

async function changeFormat(folder: string, change: object): Promise<void> {
  const path = join(folder, '0_0', 'format.json')
  const format = JSON.parse(await readFile(path, 'utf8')) as object
  await writeFile(path, JSON.stringify({ ...format, ...change }))
}

async function opening(folder: string, binding: BindingName): Promise<unknown> {
  await using state = rocksDbState({ folder, binding })
  const error = await state.openTask(taskOptions()).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (error instanceof StateCorruptedError) {
    // The way out that the message offers is there: the task's state is deleted and can be restored.
    await state.destroyTask(taskId)
    const task = await state.openTask(taskOptions())
    expect(task.changelogOffset('counts')).toBeUndefined()
  }
  return error
}

describe.each(workingBindings)('a state folder that cannot be used, %s', (binding) => {
  test('a damaged database is named, with the way to restore it', async () => {
    const folder = await writtenFolder(binding)
    const database = join(folder, '0_0', 'db')
    for (const name of await readdir(database)) {
      if (/^(MANIFEST|CURRENT)/.test(name)) await writeFile(join(database, name), 'damaged\n')
    }
    const error = await opening(folder, binding)
    expect(error).toBeInstanceOf(StateCorruptedError)
    expect((error as Error).message).toContain(join(folder, '0_0'))
    expect((error as Error).message).toMatch(/destroyTask.*restored from the changelog/)
  })

  test('a database that is gone is not taken for an empty one', async () => {
    const folder = await writtenFolder(binding)
    await rm(join(folder, '0_0', 'db'), { recursive: true })
    const error = await opening(folder, binding)
    expect(error).toBeInstanceOf(StateCorruptedError)
    expect((error as Error).message).toMatch(/database in it is gone/)
  })

  test('a folder of a later format is refused', async () => {
    const folder = await writtenFolder(binding)
    await changeFormat(folder, { format: 3 })
    const error = await opening(folder, binding)
    expect(error).toBeInstanceOf(StateCorruptedError)
    expect((error as Error).message).toMatch(/has format 3.*reads the formats 1 to 2/)
  })

  test('a folder that does not say what wrote it is refused', async () => {
    const missing = await writtenFolder(binding)
    await rm(join(missing, '0_0', 'format.json'))
    expect(await opening(missing, binding)).toMatchObject({
      code: 'MILLRACE_STATE_CORRUPTED',
      message: expect.stringMatching(/no format\.json/) as unknown,
    })
    const damaged = await writtenFolder(binding)
    await writeFile(join(damaged, '0_0', 'format.json'), '{"format":')
    expect(await opening(damaged, binding)).toMatchObject({
      code: 'MILLRACE_STATE_CORRUPTED',
      message: expect.stringMatching(/format\.json in it is damaged/) as unknown,
    })
  })

  test('a folder that a newer RocksDB wrote is refused, and the binding that fits is named', async () => {
    const folder = await writtenFolder(binding)
    await changeFormat(folder, { rocksDbVersion: '99.1.0', binding: 'rocksdb-native' })
    const error = await opening(folder, binding)
    expect(error).toBeInstanceOf(StateCorruptedError)
    expect((error as Error).message).toMatch(
      /written by RocksDB 99\.1\.0.*MILLRACE_ROCKSDB_BINDING=rocksdb-native/,
    )
  })

  test('damage that shows while reading names the folder too', async () => {
    const folder = await writtenFolder(binding)
    const database = join(folder, '0_0', 'db')
    // Opening writes what was in the log to a table file, where damage to a block shows at the first read of it.
    await opening(folder, binding)
    const tables = (await readdir(database)).filter((name) => name.endsWith('.sst'))
    expect(tables.length).toBeGreaterThan(0)
    for (const name of tables) {
      const bytes = await readFile(join(database, name))
      bytes.fill(0xaa, 0, 2000)
      await writeFile(join(database, name), bytes)
    }
    await using state = rocksDbState({ folder, binding })
    const reading = async (): Promise<unknown> => {
      const task = await state.openTask(taskOptions())
      return pairs(stores(task).counts.range())
    }
    const error = await reading().catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(StateCorruptedError)
    expect((error as Error).message).toContain(join(folder, '0_0'))
  })

  test('a path that is no folder is refused by name', async () => {
    const folder = join(await temporaryFolder(), 'file')
    await writeFile(folder, '')
    await using state = rocksDbState({ folder, binding })
    await expect(state.openTask(taskOptions())).rejects.toThrow(StateStoreError)
    await expect(state.openTask(taskOptions())).rejects.toThrow(folder)
  })
})

describe('a folder that an older RocksDB wrote', () => {
  test.each(workingBindings)(
    'is opened by a newer one: %s, then rocksdb-native',
    async (binding) => {
      const folder = await writtenFolder(binding)
      await using state = rocksDbState({ folder, binding: 'rocksdb-native' })
      const task = await state.openTask(taskOptions())
      expect(task.changelogOffset('counts')).toBe(1000)
      expect(await pairs(stores(task).counts.range())).toHaveLength(1000)
      const format = await readFile(join(folder, '0_0', 'format.json'), 'utf8')
      expect(JSON.parse(format)).toMatchObject({
        format: 1,
        binding: 'rocksdb-native',
        opened: true,
      })
    },
  )
})
