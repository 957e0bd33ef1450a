import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { SealedChanges, StateProvider, TaskState } from 'millrace/state'
import {
  all,
  changelogOf,
  changelogRecord,
  fetchedRecords,
  pairs,
  provider,
  stores,
  taskOptions,
  temporaryFolder,
  type Engine,
} from './harness.ts'
import { Model } from './model.ts'

const key = fc
  .array(fc.constantFrom('\0', 'a', 'b', '\x7f', '\x80', '\xff'), { minLength: 1, maxLength: 3 })
  .map((characters) => characters.join(''))
const bound = fc.option(key, { nil: undefined })

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('put'), key, value: fc.nat(99) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('delete'), key }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('putIfAbsent'), key, value: fc.nat(99) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('get'), key }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('prefetch'), key }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('range'),
      from: bound,
      to: bound,
      reverse: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('seal') }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('apply') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('discard') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reopen') }) },
)

type Step = {
  readonly do: string
  readonly key?: string
  readonly value?: number
  readonly from?: string | undefined
  readonly to?: string | undefined
  readonly reverse?: boolean
}

// On disk a failure is told with its seed at once: shrinking it would take longer than a test may.
const onDisk = { endOnFailure: true }
// Opening a database waits for the disk several times, and the disk may be busy with something else.
const slowDiskMs = 120_000

/** A store and its model, side by side. */
class Pair {
  readonly model = new Model()
  readonly #provider: StateProvider
  readonly #persistent: boolean
  readonly #options: ReturnType<typeof taskOptions>
  #state: TaskState
  #sealed: SealedChanges | undefined
  #offset = 0
  #appliedOffset: number | undefined

  private constructor(
    opened: StateProvider,
    persistent: boolean,
    options: ReturnType<typeof taskOptions>,
    state: TaskState,
  ) {
    this.#provider = opened
    this.#persistent = persistent
    this.#options = options
    this.#state = state
  }

  static async open(opened: StateProvider, engine: Engine, partition: number): Promise<Pair> {
    // A cache so small that some reads find their key in it and others do not.
    const options = taskOptions({ taskId: { subTopology: 0, partition }, readCacheBytes: 1200 })
    return new Pair(opened, engine.persistent, options, await opened.openTask(options))
  }

  async run(step: Step): Promise<void> {
    const { counts } = stores(this.#state)
    const { model } = this
    const { key = '', value = 0 } = step
    switch (step.do) {
      case 'put':
        counts.put(key, value)
        return model.put(key, value)
      case 'delete':
        counts.delete(key)
        return model.put(key, null)
      case 'putIfAbsent': {
        const before = model.get(key)
        expect(await counts.putIfAbsent(key, value)).toBe(before)
        return before === undefined ? model.put(key, value) : undefined
      }
      case 'get':
        expect(await counts.get(key)).toBe(model.get(key))
        return
      case 'prefetch':
        counts.prefetch(key)
        return this.#state.loadPrefetched()
      case 'range':
        return this.#compareRange(step)
      case 'seal':
        return this.#seal()
      case 'apply':
        return this.#apply()
      case 'discard':
        this.#state.discard()
        this.#sealed = undefined
        return model.discard()
      default:
        return this.#reopen()
    }
  }

  async finish(): Promise<void> {
    await this.#compareRange({ do: 'range' })
    const { committedCounts } = stores(this.#state)
    expect(await pairs(committedCounts.range())).toEqual(this.model.committedRange())
    expect(this.#state.changelogOffset('counts')).toBe(this.#appliedOffset)
    await this.#state.close()
    await this.#provider.destroyTask(this.#options.taskId)
  }

  async #compareRange({ from, to, reverse = false }: Step): Promise<void> {
    const { counts } = stores(this.#state)
    const options = {
      reverse,
      ...(from === undefined ? {} : { from }),
      ...(to === undefined ? {} : { to }),
    }
    expect(await pairs(counts.range(options))).toEqual(this.model.range(from, to, reverse))
  }

  #seal(): void {
    if (this.#sealed) return
    this.#sealed = this.#state.seal()
    this.model.seal()
  }

  async #apply(): Promise<void> {
    if (!this.#sealed) return
    await this.#state.apply(this.#sealed, new Map([['counts', ++this.#offset]]))
    this.#appliedOffset = this.#offset
    this.#sealed = undefined
    this.model.apply()
  }

  /** Closes without applying, as a crash would. */
  async #reopen(): Promise<void> {
    if (!this.#persistent) return
    await this.#state.close()
    this.#state = await this.#provider.openTask(this.#options)
    this.#sealed = undefined
    this.model.discard()
    expect(this.#state.changelogOffset('counts')).toBe(this.#appliedOffset)
  }
}

export function modelContract(engine: Engine): void {
  describe(`properties, ${engine.name}`, () => {
    test(
      'any sequence of operations, seals, commits, discards and crashes equals a model',
      { timeout: slowDiskMs },
      async () => {
        const opened = await provider(engine)
        let partition = 0
        await fc.assert(
          fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
            const pair = await Pair.open(opened, engine, partition++)
            for (const each of steps) await pair.run(each)
            await pair.finish()
          }),
          engine.persistent ? { ...onDisk, numRuns: 50 } : { numRuns: 300 },
        )
      },
    )

    test(
      'a store restored from its changelog equals the live one',
      { timeout: slowDiskMs },
      async () => {
        const opened = await provider(engine)
        let partition = 0
        const write = fc.record({
          key,
          value: fc.option(fc.nat(99)),
          startMs: fc.nat(20).map((hours) => hours * 50_000),
          timestampMs: fc.nat(2 ** 45),
          commits: fc.boolean(),
        })
        await fc.assert(
          fc.asyncProperty(fc.array(write, { maxLength: 40 }), async (writes) => {
            const options = (): ReturnType<typeof taskOptions> =>
              taskOptions({ taskId: { subTopology: 0, partition: partition++ } })
            const live = await opened.openTask(options())
            const changes = []
            for (const { key, value, startMs, timestampMs, commits } of writes) {
              stores(live).counts.put(key, value, timestampMs)
              stores(live).perHour.put(key, value, startMs, timestampMs)
              if (!commits) continue
              const sealed = live.seal()
              changes.push(...changelogOf(sealed))
              await live.apply(sealed, new Map())
            }
            const sealed = live.seal()
            changes.push(...changelogOf(sealed))
            const restored = await opened.openTask(options())
            for (const name of ['counts', 'per-hour']) {
              const records = changes.filter(({ storeName }) => storeName === name)
              const half = records.length >> 1
              const before = fetchedRecords(records.slice(0, half).map(changelogRecord))
              const rest = fetchedRecords(records.slice(half).map(changelogRecord))
              // The second is taken while the first is written.
              const places = [
                { after: undefined, nextOffset: half },
                { after: half, nextOffset: records.length },
              ] as const
              const first = await restored.restoreFetched(name, before, places[0])
              const second = await restored.restoreFetched(name, rest, places[1])
              await Promise.all([first.written, second.written])
            }
            expect(await all(stores(restored).counts.range())).toEqual(
              await all(stores(live).counts.range()),
            )
            expect(await all(stores(restored).perHour.all())).toEqual(
              await all(stores(live).perHour.all()),
            )
            await live.close()
            await restored.close()
            for (const each of await opened.storedTasks()) await opened.destroyTask(each)
          }),
          engine.persistent ? { ...onDisk, numRuns: 20 } : { numRuns: 200 },
        )
      },
    )

    test('a task opened again has the last applied state and its offset, and nothing after', async () => {
      const folder = await temporaryFolder()
      const first = engine.provider(folder)
      const state = await first.openTask(taskOptions())
      const { counts, perHour } = stores(state)
      counts.put('applied', 1)
      perHour.put('applied', 1, 100_000)
      const sealed = state.seal()
      const changes = changelogOf(sealed)
      await state.apply(sealed, new Map([['counts', 7]]))
      counts.put('sealed', 2)
      perHour.put('late', 2, 10_000_000)
      state.seal()
      counts.put('open', 3)
      await first.close()

      const second = engine.provider(folder)
      const again = await second.openTask(taskOptions())
      if (!engine.persistent) {
        // Memory has nothing left; the changelog has it.
        expect(again.changelogOffset('counts')).toBeUndefined()
        for (const change of changes) {
          await again.restore(change.storeName, [changelogRecord(change)], 7)
        }
      }
      expect(await pairs(stores(again).counts.range())).toEqual([['applied', 1]])
      expect(await stores(again).perHour.fetch('applied', 100_000)).toBe(1)
      expect(again.changelogOffset('counts')).toBe(7)
      await second.close()
    })
  })
}
