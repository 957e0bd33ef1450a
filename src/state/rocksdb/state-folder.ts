import { mkdir } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Clock } from '../../core/clock.ts'
import { messageOf, StateStoreError } from '../../core/errors.ts'
import type { BindingName, RocksDbBinding } from './binding.ts'
import { chooseBinding } from './choose-binding.ts'
import { lockFolderFor, type FolderLock } from './folder-lock.ts'
import { processIdOf } from './process-id.ts'

/** A state folder that this process holds the lock of. */
export interface OpenFolder {
  readonly binding: RocksDbBinding
  readonly lock: FolderLock
}

/**
 * Makes a state folder where there is none, chooses its binding and takes its lock.
 *
 * @throws StateLockedError where another worker has it; StateStoreError where it cannot be made
 */
export async function openFolder(
  folder: string,
  binding: BindingName | 'auto',
  clock: Clock,
): Promise<OpenFolder> {
  try {
    await mkdir(folder, { recursive: true })
  } catch (error) {
    throw new StateStoreError(`The state folder ${folder} cannot be made: ${messageOf(error)}`, {
      cause: error,
    })
  }
  const chosen = await chooseBinding(folder, binding)
  const lock = await lockFolderFor(folder, chosen, clock.now())
  return { binding: chosen, lock }
}

/** What a thread has to know of a state folder that its process has locked; it can be sent to it. */
export interface LockedFolder {
  readonly binding: BindingName
  readonly rocksDbVersion: string | undefined
  readonly processId: string
}

/** A state folder that a process holds for its threads. */
export interface ProcessFolder {
  readonly facts: LockedFolder
  close(): Promise<void>
}

/**
 * Takes a state folder for the threads of this process.
 *
 * The thread that calls this keeps the binding loaded: `rocksdb` 5.2.1 cannot be loaded again once every thread that had
 * loaded it has ended.
 */
export async function holdFolder(
  folder: string,
  binding: BindingName | 'auto',
  clock: Clock,
): Promise<ProcessFolder> {
  const opened = await openFolder(resolve(folder), binding, clock)
  try {
    const facts: LockedFolder = {
      binding: opened.binding.name,
      rocksDbVersion: opened.lock.rocksDbVersion,
      processId: await processIdOf(resolve(folder)),
    }
    return { facts, close: () => opened.lock.release() }
  } catch (error) {
    await opened.lock.release()
    throw error
  }
}

/** A thread's part in a state folder that its process has locked. */
export interface SharedFolder extends LockedFolder {
  /** Told apart from other threads' by this: each has a copy of the global stores. */
  readonly thread: number
  /** Resolves when no other thread of the process has the task's folder open, and keeps it from the others. */
  acquire(task: string): Promise<void>
  release(task: string): void
}
