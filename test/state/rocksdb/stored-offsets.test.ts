import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { rocksDbState } from 'millrace/state/rocksdb'
import { systemClock } from '../../../src/core/clock.ts'
import { stores, taskOptions, temporaryFolder } from '../contract/harness.ts'
import { workingBindings } from './working-bindings.ts'

async function applied(
  state: Awaited<ReturnType<ReturnType<typeof rocksDbState>['openTask']>>,
  offset: number,
): Promise<void> {
  stores(state).counts.put('a', offset)
  await state.apply(state.seal(), new Map([['counts', offset]]))
}

describe.each(workingBindings)('how far the state of a task is, %s', (binding) => {
  test('is known while it is open, and after the folder was closed and opened again', async () => {
    const folder = await temporaryFolder()
    const first = rocksDbState({ folder, binding })
    const state = await first.openTask(taskOptions())
    await applied(state, 7)
    await state.restore('per-hour', [], 5)
    expect(await first.storedTasks()).toMatchObject([{ changelogOffsetSum: 12 }])
    await first.close()
    await using second = rocksDbState({ folder, binding })
    expect(await second.storedTasks()).toMatchObject([{ changelogOffsetSum: 12 }])
  })

  test('is noted as it moves on, so that a worker that is killed is not far behind', async () => {
    const folder = await temporaryFolder()
    await using provider = rocksDbState({ folder, binding })
    const state = await provider.openTask(taskOptions())
    const noted = (): Promise<string> => readFile(join(folder, '0_0', 'offsets.json'), 'utf8')
    await applied(state, 9_999)
    await expect(noted()).rejects.toThrow('ENOENT')
    await applied(state, 10_000)
    for (;;) {
      const text = await noted().catch(() => '')
      if (text === '{"sum":10000}\n') break
      await systemClock.sleep(1)
    }
  })

  test('is nothing where the note is gone, and the state still opens at its offset', async () => {
    const folder = await temporaryFolder()
    const first = rocksDbState({ folder, binding })
    await applied(await first.openTask(taskOptions()), 7)
    await first.close()
    await rm(join(folder, '0_0', 'offsets.json'))
    await using second = rocksDbState({ folder, binding })
    expect(await second.storedTasks()).toMatchObject([{ changelogOffsetSum: 0 }])
    const state = await second.openTask(taskOptions())
    expect(state.changelogOffset('counts')).toBe(7)
  })
})
