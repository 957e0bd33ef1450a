import { StateStoreError } from '../core/errors.ts'
import { segmentIntervalFor } from './window-keys.ts'
import type { StoreSpec } from './store-spec.ts'
import type { StateEngine, StoreShape } from './state-engine.ts'
import { layoutOf } from './store-layout.ts'
import type { StoredEntry } from './stored-entry.ts'
import { StoreSerdes } from './store-serdes.ts'
import type { OpenTaskStateOptions } from './task-state.ts'

/** A declared store with its serdes ready and the shape that its engine goes by. */
export interface PreparedStore {
  readonly spec: StoreSpec
  readonly serdes: StoreSerdes<unknown, unknown>
  readonly shape: StoreShape
}

/** A prepared store and the engine that keeps it. */
export interface PlacedStore extends PreparedStore {
  readonly engine: StateEngine
}

/** Binds and prepares the serdes of all stores of a task. Throws `StateStoreError` for a name used twice. */
export async function prepareStores(options: OpenTaskStateOptions): Promise<PreparedStore[]> {
  const prepared = new Map<string, PreparedStore>()
  for (const spec of options.specs) {
    if (prepared.has(spec.storeName)) {
      throw new StateStoreError(
        `The store name ${spec.storeName} is used twice: give each store a name of its own`,
      )
    }
    const topic = options.changelogTopic(spec.storeName)
    const serdes = new StoreSerdes<unknown, unknown>(spec, topic, options.environment)
    const restorable =
      options.isRestorable?.(spec.storeName) ??
      // A global store's topic is read anew each time.
      (spec.logging.enabled || options.taskId === 'global')
    const shape = shapeOf(spec, serdes, { topic, restorable })
    prepared.set(spec.storeName, { spec, serdes, shape })
  }
  for (const { serdes } of prepared.values()) await serdes.prepare()
  return [...prepared.values()]
}

function shapeOf(
  spec: StoreSpec,
  serdes: StoreSerdes<unknown, unknown>,
  { topic, restorable }: { readonly topic: string; readonly restorable: boolean },
): StoreShape {
  const { variant, retentionMs, keyOf, valueOf } = layoutOf(spec)
  const values = (entries: readonly StoredEntry[]): StoredEntry[] =>
    entries.map(valueOf).filter((entry) => entry !== undefined)
  return {
    name: spec.storeName,
    kind: spec.kind,
    changelogTopic: topic,
    variant,
    restorable,
    segmentIntervalMs: retentionMs === undefined ? 0 : segmentIntervalFor(retentionMs),
    resolveValues: (entries) => serdes.resolveValues(values(entries)),
    resolveScanned(scanned, keysOnly) {
      const keys = scanned.map(({ key }) => keyOf(key))
      if (keysOnly) return serdes.resolveKeys(keys)
      return serdes.resolveBoth(keys, values(scanned.map(({ entry }) => entry)))
    },
  }
}
