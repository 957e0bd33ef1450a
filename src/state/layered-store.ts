import { isPromise, type MaybePromise } from '../core/maybe-promise.ts'
import type { KeyRange, StorageKey } from './key-bytes.ts'
import { mergeCaptured, MergedScan } from './merged-scan.ts'
import type { CommittedEntries } from './state-engine.ts'
import { DirtySlots, type Slot, type SlotIndex } from './slot.ts'
import { SlotLayer } from './slot-layer.ts'
import type { LayerEntry } from './layer-entry.ts'
import type { EntryScan, StoredEntry } from './stored-entry.ts'
import type { UndoLog } from './undo-log.ts'
import type { WritableEntries } from './writable-entries.ts'

/** One store's bytes as processing sees them: the open layer, the sealed one, then committed state. */
export class LayeredStore implements WritableEntries {
  readonly name: string
  readonly committed: CommittedEntries
  readonly #checkOpen: () => void
  readonly #slots: SlotIndex
  readonly #settled: (slot: Slot) => void
  #open = new SlotLayer()
  #sealed: SlotLayer | undefined
  #observedMs: number
  #discards = 0
  #repeatsSeldom = false
  #undo: UndoLog | undefined

  constructor(
    name: string,
    committed: CommittedEntries,
    checkOpen: () => void,
    slots: SlotIndex = committed.slots ?? new DirtySlots(),
  ) {
    this.name = name
    this.#slots = slots
    this.#settled = (slot) => slots.settled(slot)
    this.committed = committed
    this.#checkOpen = checkOpen
    this.#observedMs = committed.observedMs
  }

  /** From here on what a record in process changes can be undone. */
  keepUndo(undo: UndoLog): void {
    this.#undo = undo
  }

  /** Does something when the record in process is done; at once where nothing of it can be undone. */
  later(step: () => void): void {
    if (this.#undo?.isOpen) void this.#undo.later(step)
    else step()
  }

  /** Whether hardly any key was written twice between the last two seals that had writes between them. */
  get repeatsSeldom(): boolean {
    return this.#repeatsSeldom
  }

  get segmentIntervalMs(): number {
    return this.committed.segmentIntervalMs
  }

  get observedMs(): number {
    return this.#observedMs
  }

  /** Raises the highest window start seen. */
  observe(windowStartMs: number): void {
    if (this.#undo?.isOpen) this.#undoObserved(this.#undo)
    if (windowStartMs > this.#open.observedMs) this.#open.observedMs = windowStartMs
    if (windowStartMs > this.#observedMs) this.#observedMs = windowStartMs
  }

  /** The next sequence number of a store that retains duplicates; the first is 1, as in Java. */
  nextSequence(): number {
    const highest = Math.max(
      this.#open.sequence,
      this.#sealed?.sequence ?? 0,
      this.committed.sequence,
    )
    const { sequence } = this.#open
    if (this.#undo?.isOpen) {
      this.#undo.onUndo(() => {
        this.#open.sequence = sequence
      })
    }
    this.#open.sequence = highest + 1
    return highest + 1
  }

  /** How often uncommitted writes were dropped; tells a reader that waited that its write is no longer wanted. */
  get discards(): number {
    return this.#discards
  }

  get uncommittedBytes(): number {
    return this.#open.bytes + (this.#sealed?.bytes ?? 0)
  }

  find(key: StorageKey): MaybePromise<StoredEntry | undefined> {
    this.#checkOpen()
    const slot = this.#slots.get(key)
    if (slot !== undefined) {
      const layered = slot.open ?? slot.sealed
      if (layered !== undefined) return layered.value === null ? undefined : layered
      if (slot.committed !== undefined) return slot.committed ?? undefined
    }
    const known = this.committed.peek(key)
    if (known !== undefined) return known ?? undefined
    return this.committed.read(key, true)
  }

  put(key: StorageKey, entry: LayerEntry): void {
    this.#checkOpen()
    const slot = this.#slots.take(key)
    if (this.#undo?.isOpen) {
      const before = slot.open
      this.#undo.onUndo(() => {
        this.#open.putBack(slot, before)
        this.#slots.settled(slot)
      })
    }
    this.#open.put(slot, entry)
  }

  /** Notes what the changelog is to get of a store whose changelog is not made of its entries. */
  log(place: StorageKey, change: LayerEntry): void {
    this.later(() => this.#open.log(place, change))
  }

  /** What is under a key, as far as that is known without waiting. */
  known(key: StorageKey): StoredEntry | undefined {
    const layered = this.#layered(key)
    if (layered !== undefined) return layered.value === null ? undefined : layered
    return this.committed.peek(key) ?? undefined
  }

  want(key: StorageKey): void {
    this.committed.want(key)
  }

  scan(range: KeyRange, keysOnly: boolean): EntryScan {
    this.#checkOpen()
    const open = this.#open.capture(range)
    const overlay =
      this.#sealed === undefined
        ? open
        : mergeCaptured(open, this.#sealed.capture(range), range.reverse)
    const committed = this.committed.scan(range, keysOnly)
    return overlay.length === 0 ? committed : new MergedScan(overlay, committed, range.reverse)
  }

  count(): MaybePromise<number> {
    this.#checkOpen()
    const committed = this.committed.count()
    if (isPromise(committed)) return committed.then((count) => count + this.#countChange())
    return committed + this.#countChange()
  }

  /** Sets the open layer aside and begins the next. */
  seal(): SlotLayer {
    const sealed = this.#open
    if (sealed.size > 0) this.#repeatsSeldom = sealed.repeatsSeldom
    sealed.seal()
    this.#sealed = sealed
    this.#open = new SlotLayer()
    return sealed
  }

  /** The sealed layer is now committed state. */
  applied(sealed: SlotLayer): void {
    if (this.#sealed === sealed) {
      sealed.clear(this.#settled)
      this.#slots.trim()
      this.#sealed = undefined
    }
    this.committedChanged()
  }

  discard(): void {
    this.#open.clear(this.#settled)
    this.#sealed?.clear(this.#settled)
    this.#slots.trim()
    this.#open = new SlotLayer()
    this.#sealed = undefined
    this.#observedMs = this.committed.observedMs
    this.#discards++
  }

  /** Committed state was changed from below: restored or emptied. */
  committedChanged(): void {
    this.#observedMs = Math.max(
      this.committed.observedMs,
      this.#open.observedMs,
      this.#sealed?.observedMs ?? -1,
    )
  }

  #undoObserved(undo: UndoLog): void {
    const observedMs = this.#observedMs
    const openMs = this.#open.observedMs
    undo.onUndo(() => {
      this.#observedMs = observedMs
      this.#open.observedMs = openMs
    })
  }

  #layered(key: StorageKey): LayerEntry | undefined {
    const slot = this.#slots.get(key)
    return slot?.open ?? slot?.sealed
  }

  // Where committed entries are on disk and not cached, a write counts as a new entry: an estimate.
  #countChange(): number {
    let change = 0
    const changed = new Map<StorageKey, LayerEntry>()
    for (const layer of [this.#sealed, this.#open]) {
      if (layer === undefined) continue
      for (let at = 0; at < layer.size; at++) changed.set(layer.key(at), layer.entry(at))
    }
    for (const [key, entry] of changed) {
      const known = this.committed.peek(key)
      if (entry.value === null) change -= known ? 1 : 0
      else change += known ? 0 : 1
    }
    return change
  }
}
