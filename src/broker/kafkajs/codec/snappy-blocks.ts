import { inflatedBytesMax } from './codec.ts'

/** What is used of the package `snappy`: raw blocks. */
export interface SnappyLibrary {
  compressSync(bytes: Buffer): Buffer
  uncompressSync(bytes: Buffer, options: { asBuffer: true }): Buffer
}

// Java writes raw blocks one after another behind a header of its own, each with its length in four bytes. Other
// clients write a single raw block. Source: snappy-java's `SnappyOutputStream`.
const magic = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00])
const headerBytes = magic.length + 8
const blockBytes = 32 << 10

/** Compresses in Java's framing. */
export function toSnappyBlocks(bytes: Buffer, library: SnappyLibrary): Buffer {
  const header = Buffer.alloc(headerBytes)
  magic.copy(header)
  header.writeInt32BE(1, magic.length)
  header.writeInt32BE(1, magic.length + 4)
  const parts: Buffer[] = [header]
  for (let at = 0; at < bytes.length; at += blockBytes) {
    const block = library.compressSync(bytes.subarray(at, at + blockBytes))
    const length = Buffer.allocUnsafe(4)
    length.writeInt32BE(block.length)
    parts.push(length, block)
  }
  return Buffer.concat(parts)
}

/** Inflates blocks in Java's framing, or a single raw block. Throws where the bytes are damaged. */
export function fromSnappyBlocks(bytes: Buffer, library: SnappyLibrary): Buffer {
  const inflated: Buffer[] = []
  let size = 0
  const inflate = (block: Buffer): void => {
    size += sizeOf(block)
    if (size > inflatedBytesMax)
      throw new RangeError(`it grows to more than ${inflatedBytesMax} bytes`)
    inflated.push(library.uncompressSync(block, { asBuffer: true }))
  }
  if (!bytes.subarray(0, magic.length).equals(magic)) {
    inflate(bytes)
    return inflated[0]!
  }
  for (let at = headerBytes; at < bytes.length;) {
    const length = bytes.readInt32BE(at)
    at += 4
    if (length < 0 || at + length > bytes.length)
      throw new RangeError('a block reaches beyond the end')
    inflate(bytes.subarray(at, at + length))
    at += length
  }
  return inflated.length === 1 ? inflated[0]! : Buffer.concat(inflated)
}

/** A block begins with its inflated size as a varint. */
function sizeOf(block: Buffer): number {
  let size = 0
  for (let at = 0; at < 5; at++) {
    const byte = block[at] ?? 0
    size += (byte & 0x7f) * 2 ** (7 * at)
    if (byte < 0x80) return size
  }
  throw new RangeError('a block has no size')
}
