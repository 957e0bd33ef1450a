import { expect, test } from 'vitest'
import { LayeredTaskState } from '../../src/state/layered-task-state.ts'
import { MemoryEngine } from '../../src/state/memory/memory-engine.ts'
import type { RestoredBatch } from '../../src/state/state-engine.ts'
import { prepareStores } from '../../src/state/store-shape.ts'
import type { TaskState } from '../../src/state/task-state.ts'
import { fetchedRecords, taskOptions } from './contract/harness.ts'

/** Writes batches of changelog records when the test says so, and keeps nothing of them but the offset. */
class SlowEngine extends MemoryEngine {
  readonly taken: number[] = []
  readonly written: number[] = []
  readonly discarded: number[] = []
  readonly #ends: ((error?: Error) => void)[] = []

  takeRestored(storeName: string): Promise<RestoredBatch> {
    const number = this.taken.length
    this.taken.push(number)
    return Promise.resolve({
      records: 1,
      write: (nextOffset) =>
        new Promise((resolve, reject) => {
          this.#ends[number] = (error) => {
            if (error) return reject(error)
            this.written.push(number)
            this.commit([], new Map([[storeName, nextOffset]]))
            resolve()
          }
        }),
      discard: () => void this.discarded.push(number),
    })
  }

  /** Ends the write of a batch, which must have begun. */
  async end(number: number, error?: Error): Promise<void> {
    await expect.poll(() => this.#ends[number]).toBeDefined()
    this.#ends[number]!(error)
  }
}

async function open(): Promise<{ state: TaskState; engine: SlowEngine }> {
  const options = taskOptions()
  const prepared = await prepareStores(options)
  const engine = new SlowEngine(prepared.map(({ shape }) => shape))
  const placed = prepared.map((store) => ({ ...store, engine }))
  const state = new LayeredTaskState(options, placed, [engine], () => undefined)
  return { state, engine }
}

const none = fetchedRecords([])

test('what is fetched is taken while what was before it is written, and written after it', async () => {
  const { state, engine } = await open()
  const first = await state.restoreFetched('counts', none, { after: undefined, nextOffset: 5 })
  const second = await state.restoreFetched('counts', none, { after: 5, nextOffset: 9 })
  expect(engine.taken).toEqual([0, 1])
  expect(engine.written).toEqual([])
  await engine.end(0)
  await first.written
  expect(state.changelogOffset('counts')).toBe(5)
  await engine.end(1)
  await second.written
  expect(engine.written).toEqual([0, 1])
  expect(state.changelogOffset('counts')).toBe(9)
})

test('nothing is written that was taken after what could not be written, which would leave a gap', async () => {
  const { state, engine } = await open()
  const first = await state.restoreFetched('counts', none, { after: undefined, nextOffset: 5 })
  const second = await state.restoreFetched('counts', none, { after: 5, nextOffset: 9 })
  await engine.end(0, new Error('the disk is full'))
  await expect(first.written).rejects.toThrow('the disk is full')
  await expect(second.written).rejects.toThrow('follow offset 5')
  const third = await state.restoreFetched('counts', none, { after: 9, nextOffset: 12 })
  await expect(third.written).rejects.toThrow('follow offset 9')
  expect(engine.written).toEqual([])
  expect(engine.discarded).toEqual([0, 1, 2])
  expect(state.changelogOffset('counts')).toBeUndefined()
})

test('what was taken before a store was emptied is not written into it afterwards', async () => {
  const { state, engine } = await open()
  await state.restore('counts', [], 5)
  const first = await state.restoreFetched('counts', none, { after: 5, nextOffset: 9 })
  const cleared = state.clear('counts')
  const second = await state.restoreFetched('counts', none, { after: 9, nextOffset: 12 })
  await engine.end(0)
  await first.written
  await cleared
  await expect(second.written).rejects.toThrow('follow offset 9')
  expect(state.changelogOffset('counts')).toBeUndefined()
})
