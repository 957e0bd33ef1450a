import { expect, test } from 'vitest'
import { WritesUnderWay } from '../../../src/runtime/restore/writes-under-way.ts'

/** A write that ends when the test says so. */
class Write {
  readonly written: Promise<void>
  #resolve!: () => void
  #reject!: (error: Error) => void

  constructor() {
    this.written = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  end(error?: Error): void {
    if (error) this.#reject(error)
    else this.#resolve()
  }
}

/** Whether a promise is settled by now. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false
  promise.then(
    () => (settled = true),
    () => (settled = true),
  )
  await new Promise((resolve) => setImmediate(resolve))
  return settled
}

test('there is room up to the bound, and after that when the oldest write has ended', async () => {
  const writes = new WritesUnderWay(100)
  const [first, second] = [new Write(), new Write()]
  await writes.room(60)
  writes.add(60, first.written)
  await writes.room(40)
  writes.add(40, second.written)
  const room = writes.room(10)
  second.end()
  expect(await isSettled(room)).toBe(false)
  first.end()
  await room
})

test('one chunk that is larger than the bound has room when nothing else is under way', async () => {
  const writes = new WritesUnderWay(100)
  const only = new Write()
  await writes.room(500)
  writes.add(500, only.written)
  const room = writes.room(1)
  expect(await isSettled(room)).toBe(false)
  only.end()
  await room
})

test('what failed is thrown to whoever waits for room', async () => {
  const writes = new WritesUnderWay(100)
  const failing = new Write()
  writes.add(100, failing.written)
  failing.end(new Error('the disk is full'))
  await expect(writes.room(1)).rejects.toThrow('the disk is full')
})

test('settling waits for all of them, and throws what the first that failed did so with', async () => {
  const writes = new WritesUnderWay(100)
  const [first, second, third] = [new Write(), new Write(), new Write()]
  for (const { written } of [first, second, third]) writes.add(10, written)
  first.end(new Error('the disk is full'))
  second.end(new Error('follows what failed'))
  const settled = writes.settle()
  expect(await isSettled(settled)).toBe(false)
  third.end()
  await expect(settled).rejects.toThrow('the disk is full')
  // They are over: nothing is left to be told.
  await writes.settle()
})
