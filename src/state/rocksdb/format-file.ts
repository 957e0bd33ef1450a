import { access, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf, StateCorruptedError } from '../../core/errors.ts'
import type { StoreShape } from '../state-engine.ts'
import type { RocksDbBinding } from './binding.ts'
import { compareEngineVersions } from './engine-version.ts'

const fileName = 'format.json'
/**
 * The layout of a task's folder and of the keys in its database: 1 holds plain key-value and window stores, 2 other
 * kinds and variants too. A folder has the lowest that it needs, so that an older Millrace opens what it can read.
 */
const formatVersions = { first: 1, last: 2 } as const

/** The format that a folder with stores of these shapes needs. */
export function neededFormat(shapes: readonly StoreShape[]): number {
  const first = ({ kind, variant }: StoreShape): boolean =>
    (kind === 'key-value' || kind === 'window') && variant === undefined
  return shapes.every(first) ? formatVersions.first : formatVersions.last
}

interface Format {
  readonly format: number
  readonly binding: string
  readonly bindingVersion: string
  /** Undefined where the binding did not tell. */
  readonly rocksDbVersion?: string | undefined
  /** Whether the database was opened once: from then on it must be there. */
  readonly opened: boolean
}

/** What is about to open a task's folder. */
export interface Opener {
  readonly binding: RocksDbBinding
  readonly rocksDbVersion: string | undefined
  /** See {@link neededFormat}. */
  readonly format: number
}

/**
 * Checks that a task's folder was written by something that this process can read, and records what opens it now.
 * Throws `StateCorruptedError`, which says how to go on.
 */
export async function checkFormat(folder: string, opener: Opener): Promise<void> {
  const format = await readFormat(folder)
  const hasDatabase = await exists(join(databaseFolder(folder), 'CURRENT'))
  if (format === undefined) {
    if (hasDatabase) throw unusable(folder, `it has no ${fileName} that says what wrote it`)
  } else {
    checkReadable(folder, format, opener)
    if (format.opened && !hasDatabase) {
      throw unusable(folder, 'the database in it is gone or has lost its file CURRENT')
    }
  }
  // What a newer RocksDB has opened, an older one must not: this is on disk before the database is touched.
  const written = Math.max(opener.format, format?.format ?? 0)
  await writeFormat(folder, { ...opener, format: written }, format?.opened ?? false)
}

/** Records that the database is there. */
export async function recordOpened(folder: string, opener: Opener): Promise<void> {
  const format = await readFormat(folder)
  const written = Math.max(opener.format, format?.format ?? 0)
  await writeFormat(folder, { ...opener, format: written }, true)
}

/** Where a task's database is. */
export function databaseFolder(taskFolder: string): string {
  return join(taskFolder, 'db')
}

/** The error for a task's folder that cannot be used: names it, and offers the way out. */
export function unusable(folder: string, why: string, cause?: unknown): StateCorruptedError {
  return new StateCorruptedError(
    `The state folder ${folder} cannot be used: ${why}. Delete this folder (or call destroyTask) and the state is ` +
      'restored from the changelog topics; stores without a changelog lose theirs',
    { cause },
  )
}

function checkReadable(folder: string, format: Format, { binding, rocksDbVersion }: Opener): void {
  const { first, last } = formatVersions
  if (format.format < first || format.format > last) {
    throw unusable(
      folder,
      `it has format ${format.format}, and this version of Millrace reads the formats ${first} to ${last}`,
    )
  }
  const wrote = format.rocksDbVersion
  if (wrote === undefined || rocksDbVersion === undefined) return
  if (compareEngineVersions(wrote, rocksDbVersion) > 0) {
    throw unusable(
      folder,
      `it was written by RocksDB ${wrote} (${format.binding} ${format.bindingVersion}), which is newer than ` +
        `RocksDB ${rocksDbVersion} (${binding.name} ${binding.packageVersion}) at hand here; ` +
        `set MILLRACE_ROCKSDB_BINDING=${format.binding} to go on with it`,
    )
  }
}

async function readFormat(folder: string): Promise<Format | undefined> {
  let text: string
  try {
    text = await readFile(join(folder, fileName), 'utf8')
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return undefined
    throw unusable(folder, `${fileName} cannot be read: ${messageOf(error)}`, error)
  }
  try {
    const format = JSON.parse(text) as Format
    if (typeof format === 'object' && typeof format.format === 'number') return format
  } catch {
    // Falls through to the same error as a file that holds something else.
  }
  throw unusable(folder, `${fileName} in it is damaged`)
}

async function writeFormat(folder: string, opener: Opener, opened: boolean): Promise<void> {
  const format: Format = {
    format: opener.format,
    binding: opener.binding.name,
    bindingVersion: opener.binding.packageVersion,
    rocksDbVersion: opener.rocksDbVersion,
    opened,
  }
  const path = join(folder, fileName)
  await writeFile(`${path}.new`, `${JSON.stringify(format, null, 2)}\n`)
  await rename(`${path}.new`, path)
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path)
    return true
  } catch {
    return false
  }
}
