import { DeserializationError } from '../../core/errors.ts'
import type { SerdeContext } from '../../serdes/serde.ts'

const hashBytes = 16
const noHash = 0x80

/** The first bytes of what a foreign-key join sends: a version, more bytes, and a hash where there is one. */
export interface HashedHead {
  readonly version: number
  readonly hash: Buffer | null
  /** Where what follows begins. */
  readonly end: number
}

/** Writes a version, some more bytes, and a hash; the version's highest bit says that there is none. */
export function hashedHead(version: number, more: Buffer, hash: Buffer | null): Buffer {
  const first = Buffer.of(hash === null ? version | noHash : version)
  return hash === null ? Buffer.concat([first, more]) : Buffer.concat([first, more, hash])
}

/** Reads what {@link hashedHead} wrote. Throws `DeserializationError` for a version that is newer, or too few bytes. */
export function readHashedHead(
  bytes: Buffer,
  more: number,
  newestVersion: number,
  context: SerdeContext,
): HashedHead {
  const first = bytes[0] ?? noHash
  const version = first & 0x7f
  const end = 1 + more + (first & noHash ? 0 : hashBytes)
  if (bytes.length < end) throw unreadable(context, `it has ${bytes.length} bytes only`)
  if (version > newestVersion) {
    throw unreadable(
      context,
      `it has version ${version}, and versions up to ${newestVersion} are known here`,
    )
  }
  // What is read must not be kept, but hashes are.
  const hash = first & noHash ? null : Buffer.from(bytes.subarray(end - hashBytes, end))
  return { version, hash, end }
}

export function unreadable({ topic }: SerdeContext, reason: string): DeserializationError {
  return new DeserializationError(
    `A record of topic ${topic} is not what a foreign-key join sends: ${reason}.`,
  )
}
