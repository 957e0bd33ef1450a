import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type {
  Change,
  OpenTaskStateOptions,
  SealedChanges,
  StateProvider,
  StateStore,
  StoreClock,
  StoreSpec,
  TaskState,
} from 'millrace/state'
import {
  changelogOf,
  changelogRecord,
  fetchedRecords,
  provider,
  taskOptions,
  type Engine,
} from './harness.ts'

/** A kind of store, with a model of it that is as simple as it can be written. */
export interface Kind<S extends StateStore, M, W> {
  readonly title: string
  readonly spec: StoreSpec
  readonly write: fc.Arbitrary<W>
  empty(): M
  /** Does the same to the store and its model; compares what a write answers. */
  put(store: S, model: M, write: W, clock: StoreClock): Promise<void>
  /** Reads everything in every way there is, and compares. */
  compare(store: S, model: M, clock: StoreClock): Promise<void>
  /** Everything that a store shows, for comparing two stores. */
  contents(store: S): Promise<unknown>
}

type Step<W> =
  | { readonly do: 'write'; readonly write: W }
  | { readonly do: 'tick'; readonly ms: number }
  | { readonly do: 'compare' | 'seal' | 'apply' | 'discard' | 'reopen' | 'expire' }

function stepOf<W>(write: fc.Arbitrary<W>): fc.Arbitrary<Step<W>> {
  const plain = (what: 'compare' | 'seal' | 'apply' | 'discard' | 'reopen' | 'expire') =>
    fc.record({ do: fc.constant(what) })
  return fc.oneof(
    { weight: 12, arbitrary: fc.record({ do: fc.constant('write' as const), write }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('tick' as const), ms: fc.nat(60) }) },
    { weight: 2, arbitrary: plain('compare') },
    { weight: 3, arbitrary: plain('seal') },
    { weight: 3, arbitrary: plain('apply') },
    { weight: 1, arbitrary: plain('discard') },
    { weight: 1, arbitrary: plain('reopen') },
    { weight: 1, arbitrary: plain('expire') },
  )
}

/** A store of a kind and its model, side by side, through commits, discards and crashes. */
class KindPair<S extends StateStore, M, W> {
  readonly clock: StoreClock = { recordTimestampMs: 7, streamTimeMs: 1000 }
  /** What the changelog got of what was applied. */
  readonly logged: Change[] = []
  readonly #kind: Kind<S, M, W>
  readonly #provider: StateProvider
  readonly #options: OpenTaskStateOptions
  #state: TaskState
  #sealed: { readonly changes: SealedChanges; readonly logged: Change[] } | undefined
  #committed: M
  #sealedModel: M
  #model: M
  #offset = 0

  private constructor(
    kind: Kind<S, M, W>,
    opened: StateProvider,
    clock: StoreClock,
    options: OpenTaskStateOptions,
    state: TaskState,
  ) {
    this.clock = clock
    this.#kind = kind
    this.#provider = opened
    this.#options = options
    this.#state = state
    this.#committed = kind.empty()
    this.#sealedModel = kind.empty()
    this.#model = kind.empty()
  }

  static async open<S extends StateStore, M, W>(
    kind: Kind<S, M, W>,
    opened: StateProvider,
    partition: number,
  ): Promise<KindPair<S, M, W>> {
    const clock = { recordTimestampMs: 7, streamTimeMs: 1000 }
    const options = kindOptions(kind.spec, clock, partition)
    return new KindPair(kind, opened, clock, options, await opened.openTask(options))
  }

  get store(): S {
    return this.#state.store(this.#kind.spec.storeName) as S
  }

  async run(step: Step<W>, persistent: boolean): Promise<void> {
    switch (step.do) {
      case 'write':
        return this.#kind.put(this.store, this.#model, step.write, this.clock)
      case 'tick':
        this.clock.streamTimeMs += step.ms
        return undefined
      case 'compare':
        return this.#kind.compare(this.store, this.#model, this.clock)
      case 'seal':
        return this.#seal()
      case 'apply':
        return this.#apply()
      case 'expire':
        return this.#state.expire()
      case 'discard':
        this.#state.discard()
        return this.#lose()
      case 'reopen':
        if (!persistent) return undefined
        await this.#state.close()
        this.#state = await this.#provider.openTask(this.#options)
        return this.#lose()
    }
  }

  /** Commits what there is, and compares all there is to see. */
  async finish(): Promise<void> {
    await this.#apply()
    await this.#kind.compare(this.store, this.#model, this.clock)
    await this.#state.expire()
    this.#seal()
    await this.#apply()
    await this.#kind.compare(this.store, this.#model, this.clock)
    const committed = this.#state.committedStore(this.#kind.spec.storeName) as S
    expect(await this.#kind.contents(committed)).toEqual(await this.#kind.contents(this.store))
  }

  /** Makes the same writes here and in another task's store, and compares the two. */
  async goOn(writes: readonly W[], other: TaskState): Promise<void> {
    const store = other.store(this.#kind.spec.storeName) as S
    const model = structuredClone(this.#model)
    for (const write of writes) {
      await this.#kind.put(this.store, this.#model, write, this.clock)
      await this.#kind.put(store, model, write, this.clock)
    }
    for (const state of [this.#state, other]) {
      await state.expire()
      await state.apply(state.seal(), new Map())
    }
    await this.#kind.compare(this.store, this.#model, this.clock)
    await this.#kind.compare(store, model, this.clock)
    expect(await this.#kind.contents(store)).toEqual(await this.#kind.contents(this.store))
  }

  async close(): Promise<void> {
    await this.#state.close()
    await this.#provider.destroyTask(this.#options.taskId)
  }

  #seal(): void {
    if (this.#sealed) return
    const changes = this.#state.seal()
    this.#sealed = { changes, logged: changelogOf(changes) }
    this.#sealedModel = structuredClone(this.#model)
  }

  async #apply(): Promise<void> {
    if (!this.#sealed) return
    const { changes, logged } = this.#sealed
    await this.#state.apply(changes, new Map([[this.#kind.spec.storeName, ++this.#offset]]))
    this.logged.push(...logged)
    this.#sealed = undefined
    this.#committed = this.#sealedModel
  }

  #lose(): void {
    this.#sealed = undefined
    this.#model = structuredClone(this.#committed)
  }
}

/** Runs the properties of a kind on an engine. */
export function kindProperties<S extends StateStore, M, W>(
  engine: Engine,
  kind: Kind<S, M, W>,
): void {
  const runs = engine.persistent ? { endOnFailure: true, numRuns: 25 } : { numRuns: 250 }
  const steps = fc.array(stepOf(kind.write), { maxLength: 50 })
  const more = fc.array(kind.write, { maxLength: 10 })

  describe(`${kind.title}, ${engine.name}`, () => {
    test(
      'equals a model through any writes, commits, discards and crashes; so does what is restored from its changelog',
      { timeout: 120_000 },
      async () => {
        const opened = await provider(engine)
        let partition = 0
        await fc.assert(
          fc.asyncProperty(steps, fc.nat(), more, async (list, cut, after) => {
            const pair = await KindPair.open(kind, opened, partition++)
            for (const step of list) await pair.run(step, engine.persistent)
            await pair.finish()
            const options = kindOptions(kind.spec, pair.clock, partition++)
            const restored = await opened.openTask(options)
            const records = pair.logged.map(changelogRecord)
            const at = cut % (records.length + 1)
            const name = kind.spec.storeName
            await restored.restore(name, records.slice(0, at), at)
            const rest = fetchedRecords(records.slice(at))
            const place = { after: at, nextOffset: records.length }
            await (
              await restored.restoreFetched(name, rest, place)
            ).written
            const contents = await kind.contents(pair.store)
            expect(await kind.contents(restored.store(name) as S)).toEqual(contents)
            expect(await kind.contents(restored.committedStore(name) as S)).toEqual(contents)
            // What is restored goes on as the live one does.
            pair.clock.streamTimeMs += 60
            await pair.goOn(after, restored)
            await restored.close()
            await opened.destroyTask(options.taskId)
            await pair.close()
          }),
          runs,
        )
      },
    )
  })
}

function kindOptions(spec: StoreSpec, clock: StoreClock, partition: number): OpenTaskStateOptions {
  return taskOptions({
    taskId: { subTopology: 0, partition },
    specs: [spec],
    clock,
    // A cache so small that some reads find their key in it and others do not.
    readCacheBytes: 1200,
  })
}
