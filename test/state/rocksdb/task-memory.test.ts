import { describe, expect, it } from 'vitest'
import { rocksDbState } from 'millrace/state/rocksdb'
import { taskMemory } from '../../../src/state/rocksdb/task-memory.ts'
import { commit, stores, taskOptions, temporaryFolder } from '../contract/harness.ts'
import { workingBindings } from './working-bindings.ts'

const mebibyte = 1 << 20

describe('the memory of a task', () => {
  it('is what each may have, where no bound is set over all or all fit into it', () => {
    const each = {
      cacheBytes: 32 * mebibyte,
      writeBufferBytes: 16 * mebibyte,
      readCacheBytes: 48 * mebibyte,
    }
    expect(taskMemory({}, 200)).toEqual(each)
    expect(taskMemory({ memoryBytes: 1120 * mebibyte }, 10)).toEqual(each)
    expect(taskMemory({ ...each, cacheBytes: 5 }, 200)).toEqual({ ...each, cacheBytes: 5 })
  })

  it('is an equal part of the bound where all of them together would pass it', () => {
    for (const tasks of [7, 64, 200]) {
      const memoryBytes = 512 * mebibyte
      const { cacheBytes, writeBufferBytes, readCacheBytes } = taskMemory({ memoryBytes }, tasks)
      const all = tasks * (cacheBytes + 2 * writeBufferBytes + readCacheBytes)
      expect(all).toBeLessThanOrEqual(memoryBytes)
      expect(all).toBeGreaterThan(0.99 * memoryBytes)
    }
  })

  it('leaves RocksDB the least write buffer that it takes', () => {
    expect(taskMemory({ memoryBytes: 1 }, 10)).toEqual({
      cacheBytes: 0,
      writeBufferBytes: 65_536,
      readCacheBytes: 0,
    })
  })
})

it.each(workingBindings)(
  '%s opens with what is left of a small bound, and tells what it takes',
  async (binding) => {
    const folder = await temporaryFolder()
    await using provider = rocksDbState({ folder, binding, memoryBytes: 10 * mebibyte })
    provider.expectTasks?.(100)
    const state = await provider.openTask(taskOptions())
    for (let round = 0; round < 20; round++) {
      for (let i = 0; i < 500; i++) stores(state).counts.put(`${round}-${i}`, i)
      await commit(state, { counts: round })
    }
    const { engineMemoryBytes, readCacheBytes } = await state.statistics()
    expect(engineMemoryBytes).toBeGreaterThan(0)
    expect(engineMemoryBytes).toBeLessThan(5 * mebibyte)
    // Its part of a hundredth of the bound, as 48 MiB are of all the 112 that a task would have without one.
    expect(readCacheBytes).toBeLessThanOrEqual((10 * mebibyte * 48) / 112 / 100)
    expect(await stores(state).counts.get('3-77')).toBe(77)
    await state.close()
  },
)
