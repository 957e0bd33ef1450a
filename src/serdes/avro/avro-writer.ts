import { isWellFormed } from '../buffer-text.ts'

/** Why a value cannot be written, where no type check tells it. */
export class AvroValueError extends Error {}

/**
 * Writes Avro's encoding into memory that grows. It has the methods that avsc's compiled writers call on their "tap".
 */
export class AvroWriter {
  buf: Buffer = Buffer.allocUnsafeSlow(1024)
  pos = 0

  /** Starts over, behind so many bytes that are left free. */
  begin(reserved: number): void {
    this.pos = reserved
  }

  /** A copy of everything written. */
  bytes(): Buffer {
    const copy = Buffer.allocUnsafe(this.pos)
    this.buf.copy(copy, 0, 0, this.pos)
    return copy
  }

  /** Makes room and returns where it begins. */
  private room(count: number): number {
    const at = this.pos
    const needed = at + count
    if (needed > this.buf.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.buf.length * 2))
      this.buf.copy(larger, 0, 0, at)
      this.buf = larger
    }
    this.pos = needed
    return at
  }

  writeBoolean(value: boolean): void {
    const at = this.room(1)
    this.buf[at] = value ? 1 : 0
  }

  writeInt(value: number): void {
    this.writeLong(value)
  }

  /** A whole number that is safe. */
  writeLong(value: number): void {
    if (value < -0x4000_0000 || value >= 0x4000_0000) {
      this.writeLargeLong(value)
      return
    }
    let at = this.room(5)
    let zigzag = (value << 1) ^ (value >> 31)
    while (zigzag > 0x7f) {
      this.buf[at++] = (zigzag & 0x7f) | 0x80
      zigzag >>>= 7
    }
    this.buf[at++] = zigzag
    this.pos = at
  }

  /** The lower 28 bits of the zigzag number first, then the others: neither part leaves 32 bits. */
  private writeLargeLong(value: number): void {
    const negative = value < 0
    const half = negative ? -value - 1 : value
    let low = (half % 0x800_0000) * 2 + (negative ? 1 : 0)
    let high = Math.floor(half / 0x800_0000)
    let at = this.room(10)
    for (let i = 0; i < 4; i++) {
      this.buf[at++] = (low & 0x7f) | 0x80
      low >>>= 7
    }
    while (high > 0x7f) {
      this.buf[at++] = (high & 0x7f) | 0x80
      high >>>= 7
    }
    this.buf[at++] = high
    this.pos = at
  }

  writeBigLong(value: bigint): void {
    let at = this.room(10)
    const zigzag = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n))
    let low = Number(zigzag & 0xffff_ffffn)
    let high = Number(zigzag >> 32n)
    while (high > 0 || low > 0x7f) {
      this.buf[at++] = (low & 0x7f) | 0x80
      low = ((low >>> 7) | (high << 25)) >>> 0
      high >>>= 7
    }
    this.buf[at++] = low
    this.pos = at
  }

  writeFloat(value: number): void {
    const at = this.room(4)
    this.buf.writeFloatLE(value, at)
  }

  writeDouble(value: number): void {
    const at = this.room(8)
    this.buf.writeDoubleLE(value, at)
  }

  writeFixed(bytes: Buffer, size: number = bytes.length): void {
    const at = this.room(size)
    bytes.copy(this.buf, at, 0, size)
  }

  writeBytes(bytes: Buffer): void {
    this.writeLong(bytes.length)
    this.writeFixed(bytes)
  }

  writeString(text: string): void {
    const { length } = text
    if (length <= shortText && this.writeShortAscii(text, length)) return
    if (!isWellFormed(text)) {
      throw new AvroValueError(
        `the string ${JSON.stringify(text)} holds half of a surrogate pair, which UTF-8 cannot hold`,
      )
    }
    const bytes = Buffer.byteLength(text)
    this.writeLong(bytes)
    const at = this.room(bytes)
    this.buf.write(text, at, bytes, 'utf8')
  }

  /** Writes a short text of ASCII; otherwise leaves things as they were and says no. */
  private writeShortAscii(text: string, length: number): boolean {
    const before = this.pos
    const at = this.room(length + 1)
    const { buf } = this
    // A length up to 63 takes one byte as a zigzag number.
    buf[at] = length << 1
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i)
      if (code > 0x7f) {
        this.pos = before
        return false
      }
      buf[at + 1 + i] = code
    }
    return true
  }

  /** Bytes as a string of latin1 characters; how avsc keeps a field's default, already encoded. */
  writeBinary(text: string, length: number): void {
    const at = this.room(length)
    this.buf.write(text, at, length, 'latin1')
  }
}

const shortText = 48
