import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { deserialize, serialize } from 'node:v8'
import { crc32 } from 'node:zlib'
import { BrokerError, LifecycleError, messageOf } from '../../core/errors.ts'
import { lockFolder, type FolderLock } from './folder-lock.ts'

/** What the file begins with: what it is, and in which version. */
const magic = Buffer.from('millrace-journal-1\n')
/** The body's length, a checksum of that, and one of the body. */
const entryHeaderBytes = 12

/** Entries one after another in one file that is only appended to. */
export class JournalFile {
  readonly path: string
  #file: number
  #size: number
  #closed = false

  readonly #lock: FolderLock | undefined

  private constructor(path: string, file: number, lock?: FolderLock) {
    this.path = path
    this.#file = file
    this.#lock = lock
    this.#size = fstatSync(file).size
  }

  /** Opens the folder's file; begins it where there is none. Throws `BrokerError` where another broker has the folder. */
  static open(folder: string): JournalFile {
    const lock = lockFolder(folder)
    try {
      const path = join(folder, 'journal')
      const journal = new JournalFile(path, openSync(path, 'a+'), lock)
      if (journal.#size === 0) journal.#append(magic)
      return journal
    } catch (error) {
      lock.release()
      throw error
    }
  }

  get size(): number {
    return this.#size
  }

  /**
   * All entries. One that was being written when the process ended is cut off.
   *
   * @throws BrokerError where something before the last entry is damaged, or the file is of another kind
   */
  read(): unknown[] {
    const bytes = readFileSync(this.path)
    if (!bytes.subarray(0, magic.length).equals(magic)) {
      // The very first write may have been cut off, too.
      if (!magic.subarray(0, bytes.length).equals(bytes))
        throw this.#damaged(0, 'its head is wrong')
      this.#truncate(0)
      this.#append(magic)
      return []
    }
    const entries: unknown[] = []
    let position = magic.length
    while (position < bytes.length) {
      const entry = this.#entryAt(bytes, position)
      if (!entry) {
        this.#truncate(position)
        break
      }
      entries.push(entry.value)
      position = entry.end
    }
    return entries
  }

  write(entry: unknown): void {
    const body = serialize(entry)
    const header = Buffer.allocUnsafe(entryHeaderBytes)
    header.writeUInt32BE(body.length, 0)
    header.writeUInt32BE(crc32(header.subarray(0, 4)), 4)
    header.writeUInt32BE(crc32(body), 8)
    this.#append(Buffer.concat([header, body]))
  }

  /** Puts other entries in the place of all there are, at one stroke. */
  rewrite(entries: Iterable<unknown>): void {
    const temporary = `${this.path}.new`
    if (existsSync(temporary)) rmSync(temporary)
    const written = new JournalFile(temporary, openSync(temporary, 'a+'))
    written.#append(magic)
    for (const entry of entries) written.write(entry)
    fsyncSync(written.#file)
    renameSync(temporary, this.path)
    closeSync(this.#file)
    this.#file = written.#file
    this.#size = written.#size
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    try {
      fsyncSync(this.#file)
    } finally {
      closeSync(this.#file)
      this.#lock?.release()
    }
  }

  #append(bytes: Buffer): void {
    if (this.#closed) throw new LifecycleError('The embedded broker is closed')
    try {
      for (let done = 0; done < bytes.length;) done += writeSync(this.#file, bytes, done)
    } catch (error) {
      this.#dropHalfWritten()
      throw new BrokerError(`The embedded broker cannot write ${this.path}: ${messageOf(error)}`, {
        cause: error,
      })
    }
    this.#size += bytes.length
  }

  /** Half an entry must not stay before those that may follow. */
  #dropHalfWritten(): void {
    try {
      this.#truncate(this.#size)
    } catch {
      // What follows would be lost behind it, so that nothing may follow.
      this.#closed = true
      closeSync(this.#file)
      this.#lock?.release()
    }
  }

  #truncate(size: number): void {
    ftruncateSync(this.#file, size)
    this.#size = size
  }

  /** The entry that begins here; undefined where the file ends within it. */
  #entryAt(bytes: Buffer, position: number): { value: unknown; end: number } | undefined {
    const start = position + entryHeaderBytes
    if (start > bytes.length) return undefined
    if (crc32(bytes.subarray(position, position + 4)) !== bytes.readUInt32BE(position + 4)) {
      // After a power failure the file may have its new length and not the bytes.
      if (bytes.subarray(position).every((byte) => byte === 0)) return undefined
      throw this.#damaged(position, 'the checksum of a length is wrong')
    }
    const end = start + bytes.readUInt32BE(position)
    if (end > bytes.length) return undefined
    const body = bytes.subarray(start, end)
    if (crc32(body) !== bytes.readUInt32BE(position + 8)) {
      if (end === bytes.length) return undefined
      throw this.#damaged(position, 'the checksum of an entry is wrong')
    }
    try {
      return { value: deserialize(body), end }
    } catch (error) {
      throw this.#damaged(position, messageOf(error))
    }
  }

  #damaged(position: number, reason: string): BrokerError {
    return new BrokerError(
      `The embedded broker's file ${this.path} is damaged at byte ${position}: ${reason}; ` +
        'delete its folder to begin anew',
    )
  }
}
