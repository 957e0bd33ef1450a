import { mkdir, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { messageOf, StateLockedError, StateStoreError } from '../../core/errors.ts'
import type { RocksDb, RocksDbBinding } from './binding.ts'
import { removeOldLogs } from './old-logs.ts'
import { engineVersion } from './engine-version.ts'

// The operating system lets go of a lock on a file when the process that holds it ends, however it ends: no process id
// has to be judged alive or dead, in this container or another. Node has no such lock; a RocksDB database does. The
// lock of a state folder is therefore an empty database in it.

const lockFolder = 'lock'
const holderFile = 'holder.json'
const smallest = { cacheBytes: 1 << 20, writeBufferBytes: 1 << 20 }

/** A state folder that belongs to this process until it is released. */
export interface FolderLock {
  /** Of the RocksDB that holds the lock, such as `6.17.3`; undefined where it does not tell. */
  readonly rocksDbVersion: string | undefined
  release(): Promise<void>
}

/** Takes a state folder. Throws `StateLockedError` where another worker has it, in this process or another. */
export async function lockFolderFor(
  folder: string,
  binding: RocksDbBinding,
  now: number,
): Promise<FolderLock> {
  const path = join(folder, lockFolder)
  await mkdir(path, { recursive: true })
  const real = await realpath(path)
  const held = foldersOfThisProcess()
  // The two bindings do not see each other's locks within one process.
  if (held.has(real)) throw new StateLockedError(lockedMessage(folder, 'this process'))
  held.add(real)
  try {
    const database = await openLock(folder, path, binding)
    await removeOldLogs(path)
    await writeHolder(folder, now)
    return {
      rocksDbVersion: await engineVersion(path),
      async release() {
        await rm(join(folder, holderFile), { force: true })
        try {
          await database.close()
        } finally {
          held.delete(real)
        }
      },
    }
  } catch (error) {
    held.delete(real)
    throw error
  }
}

/** Whether an error of RocksDB says that another process has the database open. */
export function isLockError(error: unknown): boolean {
  return /lock hold by current process|While lock file|\/LOCK: Resource temporarily|being used by another/i.test(
    messageOf(error),
  )
}

async function openLock(folder: string, path: string, binding: RocksDbBinding): Promise<RocksDb> {
  try {
    return await binding.open(path, smallest)
  } catch (error) {
    if (isLockError(error)) {
      throw new StateLockedError(lockedMessage(folder, await holder(folder)), { cause: error })
    }
  }
  // Nobody holds it, and this RocksDB cannot open what another version or a damaged disk left. It holds nothing.
  for (const name of await readdir(path)) {
    if (name !== 'LOCK') await rm(join(path, name), { recursive: true, force: true })
  }
  try {
    return await binding.open(path, smallest)
  } catch (error) {
    if (isLockError(error)) {
      throw new StateLockedError(lockedMessage(folder, await holder(folder)), { cause: error })
    }
    throw new StateStoreError(`The state folder ${folder} cannot be locked: ${messageOf(error)}`, {
      cause: error,
    })
  }
}

function lockedMessage(folder: string, by: string): string {
  return (
    `The state folder ${folder} is in use by ${by}: give each worker a state folder of its own, ` +
    'or stop the other worker first'
  )
}

async function holder(folder: string): Promise<string> {
  try {
    const text = await readFile(join(folder, holderFile), 'utf8')
    const { pid, host } = JSON.parse(text) as { pid: number; host: string }
    return `process ${pid} on ${host}`
  } catch {
    return 'another process'
  }
}

async function writeHolder(folder: string, now: number): Promise<void> {
  const holding = { pid: process.pid, host: hostname(), since: new Date(now).toISOString() }
  await writeFile(join(folder, holderFile), `${JSON.stringify(holding, null, 2)}\n`)
}

/** One set a process, also where this package is loaded twice. */
function foldersOfThisProcess(): Set<string> {
  const key = Symbol.for('millrace.lockedStateFolders')
  const global = globalThis as { [key: symbol]: Set<string> | undefined }
  return (global[key] ??= new Set())
}
