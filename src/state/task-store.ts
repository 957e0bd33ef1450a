import { unpacked } from '../core/byte-text.ts'
import type { MaybePromise } from '../core/maybe-promise.ts'
import { changesOf, type ChangeOf } from './change-of.ts'
import { CommittedReader } from './entry-reader.ts'
import { LayeredStore } from './layered-store.ts'
import { openStore, type OpenedStore } from './opened-store.ts'
import { restoredLayer } from './restored-layer.ts'
import { restoredVersions } from './restored-versions.ts'
import { layoutOf, type StoreLayout } from './store-layout.ts'
import type { PlacedStore } from './store-shape.ts'
import type { LayerEntry } from './layer-entry.ts'
import type { StateEngine, StoreCommit, StoreShape } from './state-engine.ts'
import type { StateStore } from './store.ts'
import type { StoreSpec } from './store-spec.ts'
import type { SlotLayer } from './slot-layer.ts'
import type { StoreSerdes } from './store-serdes.ts'
import type { ChangelogRecord, OpenTaskStateOptions, WriteChange } from './task-state.ts'
import type { ScannedEntry } from './stored-entry.ts'
import type { WriteContext } from './write-context.ts'
import type { WrittenEntries } from './written-entries.ts'

/** One store of an open task: its bytes, and the typed stores that processing and queries see. */
export class TaskStore {
  readonly name: string
  readonly shape: StoreShape
  readonly engine: StateEngine
  readonly layered: LayeredStore
  /** Whether the changelog gets the last write of a key at each commit. */
  readonly logsLastWrite: boolean
  readonly changeOf: ChangeOf
  readonly #spec: StoreSpec
  readonly #layout: StoreLayout
  readonly #serdes: StoreSerdes<unknown, unknown>
  readonly #opened: OpenedStore

  constructor(placed: PlacedStore, options: OpenTaskStateOptions, checkOpen: () => void) {
    const { spec, shape, engine, serdes } = placed
    this.name = shape.name
    this.shape = shape
    this.#serdes = serdes
    this.engine = engine
    this.logsLastWrite = spec.logging.enabled && !spec.logging.everyUpdate
    this.changeOf = changesOf(spec)
    this.#spec = spec
    this.#layout = layoutOf(spec)
    const committed = engine.entries(shape.name)
    this.layered = new LayeredStore(shape.name, committed, checkOpen)
    const reader = new CommittedReader(committed, checkOpen)
    const context = writeContext(spec, options, this.changeOf, this.layered)
    this.#opened = openStore(spec, { layered: this.layered, reader, serdes, context })
  }

  get live(): StateStore {
    return this.#opened.live
  }

  get committed(): StateStore {
    return this.#opened.committed
  }

  /** Whether changelog records are to be restored with their headers. */
  get keepsHeaders(): boolean {
    return this.#spec.kind === 'key-value' && this.#spec.headers === true
  }

  /** Whether the engine's keys and values are those of the changelog. */
  get keepsAsLogged(): boolean {
    return this.#spec.kind === 'key-value' && this.#layout.variant === undefined
  }

  /** Deletes what has expired by stream time. */
  expire(): MaybePromise<void> {
    return this.#opened.expire()
  }

  /** Sets the open layer aside and begins the next. */
  seal(): SlotLayer {
    this.#opened.beforeSeal()
    return this.layered.seal()
  }

  /** The writes that changelog records stand for. */
  restored(records: readonly ChangelogRecord[]): MaybePromise<WrittenEntries> {
    const { layered, engine } = this
    if (this.#spec.kind === 'versioned') {
      return restoredVersions(layered.committed, engine, this.#spec, records)
    }
    return restoredLayer(this.#spec, this.#layout, layered.segmentIntervalMs, records)
  }

  /** Committed state was changed from below: restored or emptied. */
  committedChanged(): void {
    this.layered.committedChanged()
    this.#opened.committedChanged()
  }

  /** A key and a value as they go to the changelog. */
  serialized(key: unknown, value: unknown): Pick<ChangelogRecord, 'key' | 'value'> {
    this.#serdes.storageKey(key)
    const bytes = value === null || value === undefined ? null : this.#serdes.valueBytes(value)
    return { key: this.#serdes.lastKeyBytes, value: bytes === null ? null : unpacked(bytes) }
  }

  /** What a commit of these writes does to the engine. */
  commitOf(layer: WrittenEntries, keep: boolean): StoreCommit {
    return { storeName: this.name, layer, dropBelow: this.#dropBelow(layer), keep }
  }

  /** Makes what was read from the changelog deserializable. */
  resolve(layer: WrittenEntries): MaybePromise<void> {
    const scanned: ScannedEntry[] = []
    for (let at = 0; at < layer.size; at++) {
      const entry = layer.entry(at)
      if (entry.value !== null) scanned.push({ key: layer.key(at), entry })
    }
    return this.shape.resolveScanned(scanned, false)
  }

  #dropBelow(layer: WrittenEntries): string | undefined {
    const { retentionMs, segment } = this.#layout
    if (retentionMs === undefined) return undefined
    const observedMs = Math.max(layer.observedMs, this.layered.committed.observedMs)
    const liveFromMs = observedMs - retentionMs + 1
    return liveFromMs <= 0 ? undefined : segment(this.layered.segmentIntervalMs, liveFromMs)
  }
}

function writeContext(
  spec: StoreSpec,
  options: OpenTaskStateOptions,
  changeOf: ChangeOf,
  layered: LayeredStore,
): WriteContext {
  return {
    clock: options.clock,
    written: logging(spec, options, changeOf, layered),
    expired: (timeMs) => options.onExpired?.(spec.storeName, timeMs),
  }
}

/** What becomes of a write as soon as it is made. What is not logged then is logged at the commit. */
function logging(
  spec: StoreSpec,
  { onChange, logsAtOnce = false }: OpenTaskStateOptions,
  changeOf: ChangeOf,
  layered: LayeredStore,
): (entry: LayerEntry) => void {
  if (!spec.logging.enabled || onChange === undefined) return () => undefined
  const write: WriteChange = (storeName, key, value, timestampMs, headers) =>
    onChange({ storeName, key, value, timestampMs, headers })
  if (spec.logging.everyUpdate) return (entry) => layered.later(() => changeOf(entry, write))
  // What the changelog of a versioned store gets is not made of its entries, by which it is told whether keys repeat.
  if (!logsAtOnce || spec.kind === 'versioned') return () => undefined
  const log = (entry: LayerEntry): void => {
    changeOf(entry, write)
    entry.changelogKey = undefined
  }
  return (entry) => {
    if (layered.repeatsSeldom) layered.later(() => log(entry))
  }
}
