import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** The version of RocksDB that last opened a database, from the options file that it wrote; undefined: not known. */
export async function engineVersion(folder: string): Promise<string | undefined> {
  try {
    const names = (await readdir(folder)).filter((name) => /^OPTIONS-\d+$/.test(name)).sort()
    const newest = names[names.length - 1]
    if (newest === undefined) return undefined
    const text = await readFile(join(folder, newest), 'utf8')
    return /^\s*rocksdb_version=(\S+)/m.exec(text)?.[1]
  } catch {
    return undefined
  }
}

/** Compares two versions of RocksDB by major and minor; positive where the first is newer. */
export function compareEngineVersions(a: string, b: string): number {
  const [aMajor = 0, aMinor = 0] = a.split('.').map(Number)
  const [bMajor = 0, bMinor = 0] = b.split('.').map(Number)
  return aMajor - bMajor || aMinor - bMinor
}
