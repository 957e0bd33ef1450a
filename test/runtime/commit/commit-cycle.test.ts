import { expect, it } from 'vitest'
import { BrokerTimeoutError } from '../../../src/core/errors.ts'
import type { ActiveTask } from '../../../src/runtime/active-task.ts'
import { CommitCycle } from '../../../src/runtime/commit/commit-cycle.ts'
import { VirtualClock } from '../../../src/testing/virtual-clock.ts'

it('a commit that failed while a task was processing is not followed by another one', async () => {
  let commits = 0
  let ended = (): void => {}
  const hasEnded = new Promise<void>((resolve) => (ended = resolve))
  const task = { commitNeeded: true, commitRequested: false, settle: () => undefined }
  const state = { uncommittedBytes: 0 }
  const cycle = new CommitCycle({
    clock: new VirtualClock(),
    intervalMs: 0,
    maxUncommittedBytes: 1_000,
    committer: {
      overlapsProcessing: true,
      commit() {
        commits++
        return Promise.reject(new BrokerTimeoutError('No answer', { retriable: true }))
      },
    },
    tasks: () => [{ task, state } as unknown as ActiveTask],
    hasOutput: () => false,
    onCommitted() {},
    onEnded: ended,
  })
  await cycle.commitIfDue()
  await hasEnded
  await expect(cycle.commitIfDue()).rejects.toThrow(BrokerTimeoutError)
  expect(commits).toBe(1)
})
