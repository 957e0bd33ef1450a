import type { ByteRange, RocksDb } from './binding.ts'
import type { OpenWalks } from './rocksdb-scan.ts'

/** How many entries are counted one by one; where there are more, their number is estimated. */
const countedMax = 10_000

/** How many entries a range holds; exact where they are few. */
export async function countEntries(
  database: RocksDb,
  range: ByteRange,
  walks: OpenWalks,
): Promise<number> {
  const cursor = database.iterate(range, { reverse: false, keysOnly: true, batchEntries: 1000 })
  const walk = { abort: () => cursor.close() }
  walks.add(walk)
  let count = 0
  try {
    while (count < countedMax) {
      const { length } = await cursor.next()
      if (length === 0) return count
      count += length
    }
  } finally {
    await cursor.close()
    walks.delete(walk)
  }
  const whole = { from: Buffer.from([0]), to: Buffer.from([0xff, 0xff]) }
  const [own, all, keys] = await Promise.all([
    database.approximateBytes(range),
    database.approximateBytes(whole),
    database.numberProperty('rocksdb.estimate-num-keys'),
  ])
  if (all === 0 || keys === undefined) return count
  return Math.max(count, Math.round((keys * own) / all))
}
