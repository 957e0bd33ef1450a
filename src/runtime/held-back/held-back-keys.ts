import type { KeyValueStore } from '../../state/store.ts'

type Store = KeyValueStore<Buffer, Buffer>

/** Says that an entry is there; the place is in its key. */
const present = Buffer.from([1])
const offsetBytes = 8

/**
 * Which records of which keys are outstanding in a task: dead letters that were neither redriven nor dropped. All of it is
 * in memory, so that each record can be asked about at once, and in logged stores, an entry a record:
 *
 *   topic, 0, key, offset (8 bytes)
 */
export class HeldBackKeys {
  readonly #storeOf: (topic: string) => Store
  /** The offsets of each key in their order, by {@link slotOf}. */
  readonly #slots = new Map<string, number[]>()
  #records = 0

  constructor(storeOf: (topic: string) => Store) {
    this.#storeOf = storeOf
  }

  /** How many keys are held back. */
  get keys(): number {
    return this.#slots.size
  }

  /** How many records are outstanding. */
  get records(): number {
    return this.#records
  }

  /** Reads what the stores have when the task comes here. */
  async load(stores: Iterable<Store>): Promise<void> {
    for (const store of stores) {
      for await (const { key } of store.range()) {
        const end = key.length - offsetBytes
        this.#insert(key.toString('latin1', 0, end), Number(key.readBigUInt64BE(end)))
      }
    }
  }

  /** The first outstanding offset of a key; undefined where there is none. */
  oldest(slot: string): number | undefined {
    return this.#slots.get(slot)?.[0]
  }

  has(slot: string, offset: number): boolean {
    const offsets = this.#slots.get(slot)
    return offsets !== undefined && offset <= offsets.at(-1)! && offsets.includes(offset)
  }

  /** Notes one that is not noted yet. */
  add(slot: string, offset: number, timestampMs: number): void {
    this.#insert(slot, offset)
    this.#storeOf(topicOf(slot)).put(entryOf(slot, offset), present, Math.max(0, timestampMs))
  }

  /** Forgets one, where it is noted. */
  remove(slot: string, offset: number, timestampMs: number): void {
    const offsets = this.#slots.get(slot)
    const at = offsets?.indexOf(offset) ?? -1
    if (offsets === undefined || at < 0) return
    if (offsets.length === 1) this.#slots.delete(slot)
    else if (at === 0) offsets.shift()
    else offsets.splice(at, 1)
    this.#records--
    this.#storeOf(topicOf(slot)).put(entryOf(slot, offset), null, Math.max(0, timestampMs))
  }

  /** Forgets those of a topic's offsets that are noted; gives whether any was. */
  removeAll(topic: string, released: ReadonlySet<number>, timestampMs: number): boolean {
    let any = false
    for (const [slot, offsets] of [...this.#slots]) {
      if (topicOf(slot) !== topic) continue
      for (const offset of offsets.filter((each) => released.has(each))) {
        this.remove(slot, offset, timestampMs)
        any = true
      }
    }
    return any
  }

  #insert(slot: string, offset: number): void {
    this.#records++
    const offsets = this.#slots.get(slot)
    if (offsets === undefined) {
      this.#slots.set(slot, [offset])
      return
    }
    // Mostly the last: only what a redrive brings again may be earlier.
    let at = offsets.length
    while (at > 0 && offsets[at - 1]! > offset) at--
    offsets.splice(at, 0, offset)
  }
}

/** What stands for a key of a topic; `key` has a character a byte. */
export function slotOf(topic: string, key: string): string {
  return `${topic}\0${key}`
}

/** The topic of what {@link slotOf} gave. */
export function topicOf(slot: string): string {
  return slot.slice(0, slot.indexOf('\0'))
}

function entryOf(slot: string, offset: number): Buffer {
  const entry = Buffer.allocUnsafe(slot.length + offsetBytes)
  entry.write(slot, 'latin1')
  entry.writeBigUInt64BE(BigInt(offset), slot.length)
  return entry
}
