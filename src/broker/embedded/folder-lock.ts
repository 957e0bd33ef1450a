import { mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { BrokerError } from '../../core/errors.ts'

interface Holder {
  readonly pid: number
  readonly host: string
  readonly folder: string
}

/** A folder that belongs to one broker until it is released. */
export interface FolderLock {
  release(): void
}

/**
 * Takes a folder, which is made where there is none. A process that ended without releasing it has it no longer.
 *
 * @throws BrokerError where another broker has it, in this process or another of this machine
 */
export function lockFolder(folder: string): FolderLock {
  mkdirSync(folder, { recursive: true })
  const real = realpathSync(folder)
  const file = join(real, 'lock')
  const held = foldersOfThisProcess()
  if (held.has(real)) throw locked(folder, 'this process')
  const pid = pidOfOther(file, real)
  if (pid !== undefined) {
    throw locked(folder, `process ${pid}; if that is no broker of yours, delete ${file}`)
  }
  const holder: Holder = { pid: process.pid, host: hostname(), folder: real }
  writeFileSync(file, `${JSON.stringify(holder)}\n`)
  held.add(real)
  return {
    release() {
      rmSync(file, { force: true })
      held.delete(real)
    },
  }
}

/** The process that has the folder; undefined where it has ended, or the file came with a copy of another folder. */
function pidOfOther(file: string, folder: string): number | undefined {
  try {
    const holder = JSON.parse(readFileSync(file, 'utf8')) as Holder
    const isElsewhere = holder.host !== hostname() || holder.folder !== folder
    if (isElsewhere || holder.pid === process.pid) return undefined
    process.kill(holder.pid, 0)
    return holder.pid
  } catch {
    return undefined
  }
}

function locked(folder: string, by: string): BrokerError {
  return new BrokerError(
    `The folder ${folder} of an embedded broker is in use by ${by}. ` +
      'Give each broker a folder of its own; workers of one process can share one broker',
  )
}

/** One set a process, also where this package is loaded twice. */
function foldersOfThisProcess(): Set<string> {
  const key = Symbol.for('millrace.embeddedBrokerFolders')
  const global = globalThis as { [key: symbol]: Set<string> | undefined }
  return (global[key] ??= new Set())
}
