import { StateStoreError } from '../../core/errors.ts'
import type { StorageKey } from '../key-bytes.ts'
import type { StoreShape } from '../state-engine.ts'
import type { StoreKind } from '../store.ts'
import type { RocksDb, RocksDbBatch } from './binding.ts'

// All stores of a task share one database. A key of it is two bytes that tell the store, then the key in the store;
// what is about the stores lies under a zero byte: the table of stores, and by store its changelog offset and the
// highest window start seen.

const tableKey = Buffer.from('\0stores')
const firstId = 256
const lastId = 65_534

/** A store as the database knows it. */
export interface StoreRow {
  readonly id: number
  readonly name: string
  readonly kind: StoreKind
  /** As it was when the store was made: the entries are laid out by it. */
  readonly segmentIntervalMs: number
  /** See {@link StoreShape.variant}. */
  readonly variant?: string
}

/**
 * Reads the table of stores and enters those that are new or have changed. What is left of those that have changed is
 * marked to be cleared, which is in the database before their entries could be taken for others.
 *
 * @throws StateStoreError for a store of another kind, or one that has changed and could not be restored
 */
export async function openStoreTable(
  database: RocksDb,
  shapes: readonly StoreShape[],
): Promise<Map<string, StoreRow>> {
  const [bytes] = await database.getMany([tableKey])
  const rows = bytes === undefined ? [] : (JSON.parse(bytes.toString()) as StoreRow[])
  const known = new Map(rows.map((row) => [row.name, row]))
  let nextId = rows.reduce((highest, row) => Math.max(highest, row.id), firstId - 1) + 1
  const before = known.size
  const changed: number[] = []
  for (const shape of shapes) {
    const { name, kind, variant } = shape
    const row = known.get(name)
    if (row === undefined) {
      if (nextId > lastId) throw new StateStoreError(`The state of a task holds too many stores`)
      known.set(name, rowOf(nextId++, shape))
    } else if (row.kind !== kind) {
      throw new StateStoreError(
        `The store ${name} was a ${row.kind} store and is now declared as a ${kind} store: give it another name, ` +
          'or reset the application',
      )
    } else if (row.variant !== variant) {
      if (!shape.restorable) throw cannotChange(shape, row)
      known.set(name, rowOf(row.id, shape))
      changed.push(row.id)
    }
  }
  if (known.size > before || changed.length > 0) {
    const batch = database.batch()
    batch.put(tableKey, Buffer.from(JSON.stringify([...known.values()])))
    for (const id of changed) putClearing(batch, id)
    await batch.write()
  }
  return known
}

/** Marks a store to be emptied: what is known about it is gone with the batch, its entries by what follows. */
export function putClearing(batch: RocksDbBatch, id: number): void {
  batch.delete(factKey('offset', id))
  batch.delete(factKey('observed', id))
  batch.delete(factKey('sequence', id))
  batch.put(factKey('clearing', id), numberBytes(1))
}

function rowOf(id: number, { name, kind, segmentIntervalMs, variant }: StoreShape): StoreRow {
  const row = { id, name, kind, segmentIntervalMs }
  return variant === undefined ? row : { ...row, variant }
}

function cannotChange({ name, variant }: StoreShape, row: StoreRow): StateStoreError {
  return new StateStoreError(
    `The store ${name} was ${described(row.variant)} and is now declared as ${described(variant)}. It has no changelog ` +
      'to be made again from: give it another name, or declare it as it was',
  )
}

function described(variant: string | undefined): string {
  return variant === undefined ? 'a plain one' : `one with ${variant.replace('+', ' and ')}`
}

/** How many bytes of a key tell the store. */
export const prefixLength = 2

/** What all keys of a store begin with. */
export function storePrefix(id: number): StorageKey {
  return String.fromCharCode(id >> 8, id & 0xff)
}

/** What is kept about a store. */
export type StoreFact = 'offset' | 'changelog' | 'observed' | 'sequence' | 'clearing'

const factLetters: Record<StoreFact, string> = {
  offset: 'o',
  changelog: 'l',
  observed: 't',
  sequence: 's',
  clearing: 'c',
}

/** Where something about a store is kept. */
export function factKey(fact: StoreFact, id: number): Buffer {
  return Buffer.from(`\0${factLetters[fact]}${storePrefix(id)}`, 'latin1')
}

/** A whole number as 8 bytes. */
export function numberBytes(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(8)
  writeNumber(bytes, value)
  return bytes
}

/** Writes a whole number, also a negative one, into the first 8 bytes. */
export function writeNumber(bytes: Buffer, value: number): void {
  const high = Math.floor(value / 2 ** 32)
  bytes.writeInt32BE(high, 0)
  bytes.writeUInt32BE(value - high * 2 ** 32, 4)
}

/** Reads what {@link writeNumber} wrote. */
export function readNumber(bytes: Buffer): number {
  return bytes.readInt32BE(0) * 2 ** 32 + bytes.readUInt32BE(4)
}
