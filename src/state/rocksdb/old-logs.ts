import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'

/** Removes what earlier openings of a database told its log: one file an opening, of which RocksDB keeps a thousand. */
export async function removeOldLogs(folder: string): Promise<void> {
  const old = (await readdir(folder)).filter((name) => name.startsWith('LOG.old.'))
  await Promise.all(old.map((name) => rm(join(folder, name), { force: true })))
}
