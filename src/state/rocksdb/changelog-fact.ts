import type { StoreShape } from '../state-engine.ts'
import type { RocksDb } from './binding.ts'
import { factKey, readNumber, type StoreRow } from './store-table.ts'

/**
 * The changelog offset that a store's committed state includes. An offset of another topic than the store's changelog
 * is now says nothing, and is forgotten: the store is then restored from the start.
 */
export async function includedOffset(
  database: RocksDb,
  { changelogTopic }: StoreShape,
  { id }: StoreRow,
): Promise<number | undefined> {
  const [offset, changelog] = await database.getMany([
    factKey('offset', id),
    factKey('changelog', id),
  ])
  const known = changelog?.toString()
  if (known === changelogTopic) return offset && readNumber(offset)
  const batch = database.batch()
  batch.put(factKey('changelog', id), Buffer.from(changelogTopic))
  if (known !== undefined) batch.delete(factKey('offset', id))
  await batch.write()
  // State that was written before topics were kept is the changelog's.
  return known === undefined && offset ? readNumber(offset) : undefined
}
