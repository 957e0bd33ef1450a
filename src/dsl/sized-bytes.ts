const absent = -1

/** Writes numbers in big-endian order and byte arrays after their length, as Java's `ByteBuffer` is used for them. */
export class BytesWriter {
  private readonly parts: Buffer[] = []

  int(value: number): this {
    const bytes = Buffer.allocUnsafe(4)
    bytes.writeInt32BE(value)
    this.parts.push(bytes)
    return this
  }

  /** A whole number within ±2^53. */
  long(value: number): this {
    const bytes = Buffer.allocUnsafe(8)
    const high = Math.floor(value / 0x1_0000_0000)
    bytes.writeInt32BE(high)
    bytes.writeUInt32BE(value - high * 0x1_0000_0000, 4)
    this.parts.push(bytes)
    return this
  }

  /** A length and as many bytes; −1 for null. */
  sized(value: Buffer | null): this {
    this.int(value === null ? absent : value.length)
    if (value !== null) this.parts.push(value)
    return this
  }

  bytes(): Buffer {
    return Buffer.concat(this.parts)
  }
}

/** Reads what {@link BytesWriter} wrote. Throws `RangeError` where the bytes end before. */
export class BytesReader {
  private readonly buffer: Buffer
  private at = 0

  constructor(buffer: Buffer) {
    this.buffer = buffer
  }

  int(): number {
    const value = this.buffer.readInt32BE(this.at)
    this.at += 4
    return value
  }

  long(): number {
    const value = this.buffer.readInt32BE(this.at) * 0x1_0000_0000
    const low = this.buffer.readUInt32BE(this.at + 4)
    this.at += 8
    return value + low
  }

  sized(): Buffer | null {
    return this.ofLength(this.int())
  }

  /** So many bytes; null for −1. They lie in the buffer that is read. */
  ofLength(length: number): Buffer | null {
    if (length === absent) return null
    const end = this.at + length
    if (length < 0 || end > this.buffer.length)
      throw new RangeError(`${length} bytes are not there`)
    const bytes = this.buffer.subarray(this.at, end)
    this.at = end
    return bytes
  }
}
