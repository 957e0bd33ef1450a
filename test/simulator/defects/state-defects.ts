import type { Broker } from 'millrace/broker/embedded'
import type { StateProvider } from 'millrace/state'
import { changelogRecords } from '../../../src/state/changelog-records.ts'
import { LayeredStore } from '../../../src/state/layered-store.ts'
import type { WrittenEntries } from '../../../src/state/written-entries.ts'
import type { LayerEntry } from '../../../src/state/layer-entry.ts'
import type {
  OpenTaskStateOptions,
  SealedChanges,
  TaskState,
} from '../../../src/state/task-state.ts'
import type { Defect } from './defect.ts'
import { overriding, replaceMethod } from './overriding.ts'

/** Changes the state of each task that a worker opens. */
function withState(
  change: (state: TaskState, options: OpenTaskStateOptions) => Partial<TaskState>,
): NonNullable<Defect['options']> {
  return () => ({
    wrapState: (provider: StateProvider) =>
      overriding(provider, {
        async openTask(options: OpenTaskStateOptions) {
          const state = await provider.openTask(options)
          return overriding(state, change(state, options))
        },
      }),
  })
}

/** Changes the fetchers that a worker restores with; the first that it opens is the one that it processes with. */
function withFetchers(isUncommitted: (count: number) => boolean): NonNullable<Defect['options']> {
  return () => ({
    wrapBroker(broker: Broker) {
      let opened = 0
      return overriding(broker, {
        openFetcher(options) {
          if (!isUncommitted(opened++)) return broker.openFetcher(options)
          return broker.openFetcher({ ...options, isolation: 'read_uncommitted' })
        },
      })
    },
  })
}

function written(layer: WrittenEntries): Map<string, LayerEntry> {
  const entries = new Map<string, LayerEntry>()
  for (let i = 0; i < layer.size; i++) entries.set(layer.key(i), layer.entry(i))
  return entries
}

async function setOffsets(state: TaskState, offsets: ReadonlyMap<string, number>): Promise<void> {
  for (const [store, offset] of offsets) await state.restore(store, [], offset)
}

const flushedEarly: Defect = {
  name: 'what is not committed is written to the disk',
  options: withState((state) => ({
    seal() {
      const sealed = state.seal()
      state.apply(sealed, new Map()).catch(() => undefined)
      return sealed
    },
    apply: (_, offsets) => setOffsets(state, offsets),
  })),
}

const offsetFirst: Defect = {
  name: 'a changelog offset is written to the disk before the state that it stands for',
  options: withState((state) => ({
    async apply(sealed, offsets) {
      await setOffsets(state, offsets)
      await state.apply(sealed, new Map())
    },
  })),
}

const changelogOffsetTooHigh: Defect = {
  name: 'the changelog offset on the disk is beyond the next record',
  options: withState((state) => ({
    apply: (sealed, offsets) =>
      state.apply(sealed, new Map([...offsets].map(([name, offset]) => [name, offset + 2]))),
  })),
}

const discardKeeps: Defect = {
  name: 'what is not committed stays when a task is dropped',
  options: withState((state) => {
    let sealed: SealedChanges | undefined
    return {
      seal: () => (sealed = state.seal()),
      async apply(changes, offsets) {
        await state.apply(changes, offsets)
        if (sealed === changes) sealed = undefined
      },
      discard() {
        const open = sealed ?? state.seal()
        state.apply(open, new Map()).catch(() => undefined)
      },
    }
  }),
}

const tombstonesLost: Defect = {
  name: 'deletions are lost in restoring',
  options: withState((state) => ({
    restoreFetched(store, fetched, place) {
      const records = 'next' in fetched ? changelogRecords(fetched, true) : fetched
      const kept = records.filter(({ value }) => value !== null)
      return state.restoreFetched(store, kept, place)
    },
  })),
}

const restoredTooLittle: Defect = {
  name: 'restoring ends before the last record',
  options: () => ({
    wrapBroker: (broker) =>
      overriding(broker, {
        async listOffsets(partitions, at, isolation) {
          const found = await broker.listOffsets(partitions, at, isolation)
          if (at !== 'latest' || isolation !== 'read_uncommitted') return found
          return found.map((each) => ({ ...each, offset: Math.max(0, each.offset - 2) }))
        },
      }),
  }),
}

const restoredUncommitted: Defect = {
  name: 'restoring reads what is not committed',
  options: withFetchers((count) => count > 0),
}

const processedUncommitted: Defect = {
  name: 'what is not committed is processed',
  options: withFetchers((count) => count === 0),
}

const layersSwapped: Defect = {
  name: 'what is being committed hides what was written since',
  install() {
    const sealed = new WeakMap<LayeredStore, ReadonlyMap<string, LayerEntry>>()
    const undo = [
      replaceMethod(
        LayeredStore.prototype,
        'seal',
        (original) =>
          function (this: LayeredStore) {
            const layer = original.call(this)
            sealed.set(this, written(layer))
            return layer
          },
      ),
      replaceMethod(
        LayeredStore.prototype,
        'applied',
        (original) =>
          function (this: LayeredStore, layer) {
            sealed.delete(this)
            original.call(this, layer)
          },
      ),
      replaceMethod(
        LayeredStore.prototype,
        'find',
        (original) =>
          function (this: LayeredStore, key) {
            const entry = sealed.get(this)?.get(key)
            if (entry === undefined) return original.call(this, key)
            return entry.value === null ? undefined : entry
          },
      ),
    ]
    return () => {
      for (const each of undo) each()
    }
  },
}

export const stateDefects: readonly Defect[] = [
  flushedEarly,
  offsetFirst,
  changelogOffsetTooHigh,
  discardKeeps,
  tombstonesLost,
  restoredTooLittle,
  restoredUncommitted,
  processedUncommitted,
  layersSwapped,
]
