import { StateStoreError } from '../core/errors.ts'
import type { MaybePromise } from '../core/maybe-promise.ts'
import { CommittedReader } from './entry-reader.ts'
import { KeyValueReader, LayeredKeyValueStore } from './key-value-store.ts'
import { LayeredStore } from './layered-store.ts'
import type { PlacedStore } from './store-shape.ts'
import type { StateEngine, StoreCommit, StoreShape } from './state-engine.ts'
import type { StateStore } from './store.ts'
import type { LayerEntry, StoreLayer } from './store-layer.ts'
import type { StoreSerdes } from './store-serdes.ts'
import type { ChangelogRecord, OpenTaskStateOptions } from './task-state.ts'
import { segmentPrefix } from './window-keys.ts'
import { LayeredWindowStore, WindowReader } from './window-store.ts'
import { changeOf, type WriteContext } from './write-context.ts'

/** One store of an open task: its bytes, and the typed stores that processing and queries see. */
export class TaskStore {
  readonly name: string
  readonly shape: StoreShape
  readonly engine: StateEngine
  readonly layered: LayeredStore
  readonly live: StateStore
  readonly committed: StateStore
  /** Whether the changelog gets the last write of a key at each commit. */
  readonly logsLastWrite: boolean
  readonly #retentionMs: number
  readonly #serdes: StoreSerdes<unknown, unknown>

  constructor(placed: PlacedStore, options: OpenTaskStateOptions, checkOpen: () => void) {
    const { spec, shape, engine, serdes } = placed
    this.name = shape.name
    this.shape = shape
    this.#serdes = serdes
    this.engine = engine
    this.logsLastWrite = spec.logging.enabled && !spec.logging.everyUpdate
    this.#retentionMs = spec.kind === 'window' ? spec.retentionMs : 0
    const committed = engine.entries(shape.name)
    this.layered = new LayeredStore(shape.name, committed, checkOpen)
    const reader = new CommittedReader(committed, checkOpen)
    const context = writeContext(placed, options)
    if (spec.kind === 'session' || spec.kind === 'versioned') {
      throw new StateStoreError(`The store ${shape.name} is a ${spec.kind} store: not there yet`)
    }
    if (spec.kind === 'window') {
      this.live = new LayeredWindowStore(this.layered, serdes, spec.retentionMs, context)
      this.committed = new WindowReader(shape.name, reader, serdes, spec.retentionMs)
    } else {
      this.live = new LayeredKeyValueStore(this.layered, serdes, context)
      this.committed = new KeyValueReader(shape.name, reader, serdes)
    }
  }

  /** A key and a value as they go to the changelog. */
  serialized(key: unknown, value: unknown): Pick<ChangelogRecord, 'key' | 'value'> {
    this.#serdes.storageKey(key)
    const bytes = value === null || value === undefined ? null : this.#serdes.valueBytes(value)
    return { key: this.#serdes.lastKeyBytes, value: bytes }
  }

  /** What a commit of these writes does to the engine. */
  commitOf(layer: StoreLayer, keep: boolean): StoreCommit {
    return { storeName: this.name, layer, dropBelow: this.#dropBelow(layer), keep }
  }

  /** Makes what was read from the changelog deserializable. */
  resolve(layer: StoreLayer): MaybePromise<void> {
    const written = (pair: [string, LayerEntry]): boolean => pair[1].value !== null
    const scanned = [...layer.entries()].filter(written).map(([key, entry]) => ({ key, entry }))
    return this.shape.resolveScanned(scanned, false)
  }

  #dropBelow(layer: StoreLayer): string | undefined {
    const observedMs = Math.max(layer.observedMs, this.layered.committed.observedMs)
    const liveFromMs = observedMs - this.#retentionMs + 1
    if (this.shape.kind !== 'window' || liveFromMs <= 0) return undefined
    return segmentPrefix(this.layered.segmentIntervalMs, liveFromMs)
  }
}

function writeContext(
  { spec, shape }: PlacedStore,
  { clock, onChange, onExpired }: OpenTaskStateOptions,
): WriteContext {
  const logsEach = spec.logging.enabled && spec.logging.everyUpdate
  return {
    clock,
    written:
      logsEach && onChange ? (entry) => onChange(changeOf(shape.name, entry)) : () => undefined,
    expired: (windowStartMs) => onExpired?.(shape.name, windowStartMs),
  }
}
