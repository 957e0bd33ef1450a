import type { Headers } from '../core/headers.ts'
import type { StoredEntry } from './stored-entry.ts'

// In a store that keeps headers, a value lies behind them: the length of the headers (4 bytes), then each header's name
// and value, both with their lengths (4 bytes), then the value. A header without a value has the length -1.

const lengthBytes = 4

/** A value with its headers before it, as it is stored. */
export function withHeaders(headers: Headers, value: Buffer): Buffer {
  const names = headers.map(({ key }) => Buffer.from(key))
  let length = 0
  headers.forEach((header, at) => {
    length += 2 * lengthBytes + names[at]!.length + (header.value?.length ?? 0)
  })
  const bytes = Buffer.allocUnsafe(lengthBytes + length + value.length)
  bytes.writeUInt32BE(length, 0)
  let at = lengthBytes
  headers.forEach((header, index) => {
    const name = names[index]!
    at = bytes.writeUInt32BE(name.length, at)
    at += name.copy(bytes, at)
    at = bytes.writeInt32BE(header.value?.length ?? -1, at)
    at += header.value?.copy(bytes, at) ?? 0
  })
  value.copy(bytes, at)
  return bytes
}

/** The value behind the headers. */
export function valueBehindHeaders(bytes: Buffer): Buffer {
  return bytes.subarray(lengthBytes + bytes.readUInt32BE(0))
}

/** The headers before a value. */
export function headersBefore(bytes: Buffer): Headers {
  const end = lengthBytes + bytes.readUInt32BE(0)
  const headers: { key: string; value: Buffer | null }[] = []
  for (let at = lengthBytes; at < end;) {
    const nameEnd = at + lengthBytes + bytes.readUInt32BE(at)
    const key = bytes.toString('utf8', at + lengthBytes, nameEnd)
    const length = bytes.readInt32BE(nameEnd)
    at = nameEnd + lengthBytes + Math.max(0, length)
    // A copy, so that the stored value is not kept by its headers.
    const value = length < 0 ? null : Buffer.from(bytes.subarray(at - length, at))
    headers.push({ key, value })
  }
  return headers
}

/** An entry of a store that keeps headers, as the value's serde is to see it. */
export class WithoutHeaders implements StoredEntry {
  readonly #entry: StoredEntry

  constructor(entry: StoredEntry) {
    this.#entry = entry
  }

  get timestampMs(): number {
    return this.#entry.timestampMs
  }

  bytes(): Buffer {
    return valueBehindHeaders(this.#entry.bytes())
  }

  packed(): Buffer {
    return this.bytes()
  }

  headers(): Headers {
    return headersBefore(this.#entry.bytes())
  }
}
