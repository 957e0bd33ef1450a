import { describe, expect, test } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import { StateLockedError } from '../../src/core/errors.ts'
import { rocksDbState, rocksDbThreadState } from '../../src/state/rocksdb/rocksdb-state.ts'
import { holdFolder } from '../../src/state/rocksdb/state-folder.ts'
import type { StateProvider } from '../../src/state/task-state.ts'
import { TaskFolders } from '../../src/threads/task-folders.ts'
import { taskOptions, temporaryFolder } from '../state/contract/harness.ts'
import { workingBindings } from '../state/rocksdb/working-bindings.ts'

describe('task folders of several threads', () => {
  test('go to who has waited longest, when they are released', async () => {
    const folders = new TaskFolders()
    const order: number[] = []
    await folders.acquire(1, '0_0')
    const second = folders.acquire(2, '0_0').then(() => order.push(2))
    const third = folders.acquire(3, '0_0').then(() => order.push(3))
    await folders.acquire(2, '0_1')
    expect(order).toEqual([])
    // Of another thread's folder nothing is released.
    folders.release(3, '0_0')
    expect(folders.holder('0_0')).toBe(1)
    folders.release(1, '0_0')
    await second
    expect(order).toEqual([2])
    folders.release(2, '0_0')
    await third
    expect([folders.holder('0_0'), folders.holder('0_1')]).toEqual([3, 2])
  })

  test('of a thread that has ended are free, and it waits for none', async () => {
    const folders = new TaskFolders()
    await folders.acquire(1, '0_0')
    await folders.acquire(2, '0_1')
    void folders.acquire(1, '0_1')
    folders.releaseAll(1)
    expect(folders.holder('0_0')).toBeUndefined()
    folders.release(2, '0_1')
    expect(folders.holder('0_1')).toBeUndefined()
  })
})

describe.each(workingBindings)('the state of a task that moves between threads, %s', (binding) => {
  test('is opened by the one when the other has closed it, in a folder that the process holds', async () => {
    const folder = await temporaryFolder()
    const held = await holdFolder(folder, binding, systemClock)
    const folders = new TaskFolders()
    const stateOf = (thread: number): StateProvider =>
      rocksDbThreadState(
        { folder },
        {
          ...held.facts,
          thread,
          acquire: (task) => folders.acquire(thread, task),
          release: (task) => folders.release(thread, task),
        },
      )
    const [first, second] = [stateOf(1), stateOf(2)]
    expect(await first.processId?.()).toBe(await second.processId?.())

    const here = await first.openTask(taskOptions())
    let moved = false
    const there = second.openTask(taskOptions()).then((state) => {
      moved = true
      return state
    })
    await first.storedTasks()
    expect(moved).toBe(false)
    await here.close()
    await (await there).close()

    // Another worker is refused all the while.
    const other = rocksDbState({ folder, binding })
    await expect(other.storedTasks()).rejects.toThrow(StateLockedError)
    await Promise.all([first.close(), second.close()])
    await held.close()
    await other.storedTasks()
    await other.close()
  })

  test('has a copy of the global stores for each thread', async () => {
    const folder = await temporaryFolder()
    const held = await holdFolder(folder, binding, systemClock)
    const folders = new TaskFolders()
    const states = [1, 2].map((thread) =>
      rocksDbThreadState(
        { folder },
        {
          ...held.facts,
          thread,
          acquire: (task) => folders.acquire(thread, task),
          release: (task) => folders.release(thread, task),
        },
      ),
    )
    const options = { ...taskOptions(), taskId: 'global' } as const
    const opened = await Promise.all(states.map((state) => state.openTask(options)))
    expect([folders.holder('global-1'), folders.holder('global-2')]).toEqual([1, 2])
    await Promise.all(opened.map((state) => state.close()))
    await Promise.all(states.map((state) => state.close()))
    await held.close()
  })
})
