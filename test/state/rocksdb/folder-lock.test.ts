import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { string } from 'millrace/serdes'
import { keyValueStore, type KeyValueStore } from 'millrace/state'
import { rocksDbState } from 'millrace/state/rocksdb'
import { StateLockedError } from '../../../src/core/errors.ts'
import { commit, pairs, taskOptions, temporaryFolder } from '../contract/harness.ts'
import { startWorkerProcess } from './start-worker-process.ts'
import { workingBindings } from './working-bindings.ts'

describe.each(workingBindings)('the lock of a state folder, %s', (binding) => {
  test('is refused to a second worker in the same process, whichever binding it uses', async () => {
    const folder = await temporaryFolder()
    const first = rocksDbState({ folder, binding })
    await first.storedTasks()
    for (const other of workingBindings) {
      const second = rocksDbState({ folder: join(folder, '.'), binding: other })
      await expect(second.openTask(taskOptions())).rejects.toThrow(StateLockedError)
      await expect(second.storedTasks()).rejects.toThrow(
        `state folder ${folder} is in use by this process`,
      )
      await second.close()
    }
    await first.close()
    await using third = rocksDbState({ folder, binding })
    expect(await third.storedTasks()).toEqual([])
  })

  test('is refused while another process has it, and free when that one is killed', async () => {
    const folder = await temporaryFolder()
    const worker = startWorkerProcess(folder, binding)
    await worker.committed(1)
    const state = rocksDbState({ folder, binding })
    onTestFinished(() => state.close())
    await expect(state.openTask(taskOptions())).rejects.toThrow(StateLockedError)
    await expect(state.storedTasks()).rejects.toThrow(/in use by process \d+ on /)
    await worker.kill()
    // Nothing was cleaned up: the file that names the holder is still there.
    expect(await readFile(join(folder, 'holder.json'), 'utf8')).toContain('"pid"')
    expect(await state.storedTasks()).toMatchObject([{ subTopology: 0, partition: 0 }])
  })

  test('is taken where the lock itself is damaged', async () => {
    const folder = await temporaryFolder()
    const first = rocksDbState({ folder, binding })
    await first.storedTasks()
    await first.close()
    await writeFile(join(folder, 'lock', 'CURRENT'), 'nonsense')
    await writeFile(join(folder, 'holder.json'), '{')
    await using second = rocksDbState({ folder, binding })
    expect(await second.storedTasks()).toEqual([])
  })

  test('a killed process leaves the last applied commit, whole, with its offset', async () => {
    const folder = await temporaryFolder()
    const worker = startWorkerProcess(folder, binding)
    await worker.committed(20)
    const told = await worker.kill()
    await using state = rocksDbState({ folder, binding })
    const spec = keyValueStore({ name: 'counts', key: string(), value: string() })
    const task = await state.openTask(taskOptions({ specs: [spec as never] }))
    const counts = task.store('counts') as KeyValueStore<string, string>
    const offset = task.changelogOffset('counts') ?? 0
    // A commit may have been on disk before the process could tell of it.
    expect([told, told + 1]).toContain(offset)
    const entries = new Map(await pairs(counts.range()))
    for (let key = 0; key < 100; key++) expect(entries.get(`key-${key}`)).toBe(`value-${offset}`)
    for (let commits = 1; commits <= offset; commits++) {
      expect(entries.get(`only-${commits}`)).toBe('x')
    }
    expect(entries.size).toBe(100 + offset)
    counts.put('after', 'y')
    await commit(task)
    expect(await counts.get('after')).toBe('y')
  })
})
