import { StateStoreError } from '../core/errors.ts'
import { keyOfWindow, segmentIntervalFor } from './window-keys.ts'
import type { StoreSpec } from './store-spec.ts'
import type { StateEngine, StoreShape } from './state-engine.ts'
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
    prepared.set(spec.storeName, { spec, serdes, shape: shapeOf(spec, serdes, topic) })
  }
  for (const { serdes } of prepared.values()) await serdes.prepare()
  return [...prepared.values()]
}

function shapeOf(
  spec: StoreSpec,
  serdes: StoreSerdes<unknown, unknown>,
  changelogTopic: string,
): StoreShape {
  const isWindow = spec.kind === 'window'
  return {
    name: spec.storeName,
    kind: spec.kind,
    changelogTopic,
    segmentIntervalMs: isWindow ? segmentIntervalFor(spec.retentionMs) : 0,
    resolveValues: (entries) => serdes.resolveValues(entries),
    resolveScanned(scanned, keysOnly) {
      const keys = scanned.map(({ key }) => (isWindow ? keyOfWindow(key) : key))
      if (keysOnly) return serdes.resolveKeys(keys)
      return serdes.resolveBoth(
        keys,
        scanned.map(({ entry }) => entry),
      )
    },
  }
}
