import { utf8Text } from '../buffer-text.ts'

/** Why bytes are no Avro value; the serde turns it into a `DeserializationError` that says where they came from. */
export class AvroBytesError extends Error {}

/**
 * Reads Avro's encoding from a part of a buffer. It has the methods that avsc's compiled readers call on their "tap",
 * but stops at the end of the value instead of the buffer's, and at bytes that no encoder writes.
 */
export class AvroReader {
  buf: Buffer = Buffer.alloc(0)
  pos = 0
  #start = 0
  #end = 0

  /** Starts over on another value. */
  begin(buffer: Buffer, start: number, end: number): void {
    this.buf = buffer
    this.pos = start
    this.#start = start
    this.#end = end
  }

  /** Lets go of the buffer. */
  release(): void {
    this.buf = empty
  }

  /** Bytes that are left of the value. */
  get left(): number {
    return this.#end - this.pos
  }

  /** Asked by avsc after a read; the methods here throw instead of reading on. */
  isValid(): boolean {
    return this.pos <= this.#end
  }

  /** Moves on by so many bytes and returns where they begin. */
  take(count: number): number {
    const at = this.pos
    if (count < 0) throw new AvroBytesError(`a length of ${count} bytes at byte ${this.at()}`)
    if (count > this.#end - at) throw this.truncated()
    this.pos = at + count
    return at
  }

  /** The position within the value, for messages. */
  at(): number {
    return this.pos - this.#start
  }

  private truncated(): AvroBytesError {
    return new AvroBytesError(`it is truncated: it ends after ${this.#end - this.#start} bytes`)
  }

  private byte(): number {
    if (this.pos >= this.#end) throw this.truncated()
    return this.buf[this.pos++]!
  }

  readBoolean(): boolean {
    const byte = this.byte()
    if (byte > 1) throw new AvroBytesError(`a boolean of ${byte} at byte ${this.at() - 1}`)
    return byte === 1
  }

  skipBoolean(): void {
    this.byte()
  }

  readInt(): number {
    const value = this.readLong()
    if ((value | 0) !== value) {
      throw new AvroBytesError(`${value}, which is no int, before byte ${this.at()}`)
    }
    return value
  }

  skipInt(): void {
    this.skipLong()
  }

  /** A long that a number can hold exactly. */
  readLong(): number {
    const { buf } = this
    const end = this.#end
    const start = this.pos
    let pos = start
    let low = 0
    let shift = 0
    let byte: number
    do {
      if (pos >= end) throw this.truncated()
      byte = buf[pos++]!
      low |= (byte & 0x7f) << shift
      shift += 7
    } while (byte & 0x80 && shift < 28)
    if ((byte & 0x80) === 0) {
      this.pos = pos
      return (low >>> 1) ^ -(low & 1)
    }
    // The bits from 2^28 on do not fit together with the lower ones; a double holds them exactly.
    let high = 0
    let weight = 1
    do {
      if (pos >= end) throw this.truncated()
      byte = buf[pos++]!
      high += (byte & 0x7f) * weight
      weight *= 128
    } while (byte & 0x80 && pos - start < 10)
    const half = high * 0x800_0000 + (low >>> 1)
    if (half >= Number.MAX_SAFE_INTEGER || byte & 0x80) this.refuseUnsafe(start)
    this.pos = pos
    return low & 1 ? -half - 1 : half
  }

  /** Throws unless the long at a position is a safe number after all, which only the largest one is. */
  private refuseUnsafe(start: number): void {
    this.pos = start
    const value = this.readBigLong()
    if (value !== maxSafe) {
      throw new AvroBytesError(
        `the long ${value} is beyond the safe numbers; read it with the option long: 'bigint'`,
      )
    }
  }

  readBigLong(): bigint {
    let low = 0
    let high = 0
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte()
      if (shift >= 63 && byte > 1) {
        throw new AvroBytesError(`a long of more than 64 bits before byte ${this.at()}`)
      }
      const bits = byte & 0x7f
      if (shift < 28) low |= bits << shift
      else if (shift === 28) {
        low |= bits << 28
        high = bits >>> 4
      } else high |= bits << (shift - 32)
      if ((byte & 0x80) === 0) break
    }
    const zigzag = (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0)
    return (zigzag >> 1n) ^ -(zigzag & 1n)
  }

  skipLong(): void {
    while (this.byte() & 0x80);
  }

  readFloat(): number {
    return this.buf.readFloatLE(this.take(4))
  }

  skipFloat(): void {
    this.take(4)
  }

  readDouble(): number {
    return this.buf.readDoubleLE(this.take(8))
  }

  skipDouble(): void {
    this.take(8)
  }

  readFixed(size: number): Buffer {
    const at = this.take(size)
    // A copy: the batch that the value lies in is used again.
    return Buffer.from(this.buf.subarray(at, at + size))
  }

  skipFixed(size: number): void {
    this.take(size)
  }

  readBytes(): Buffer {
    return this.readFixed(this.readLong())
  }

  skipBytes(): void {
    this.take(this.readLong())
  }

  readString(): string {
    const length = this.readLong()
    const at = this.take(length)
    const text = utf8Text(this.buf, at, at + length)
    if (text === undefined) {
      throw new AvroBytesError(`a string at byte ${at - this.#start} that is not UTF-8`)
    }
    return text
  }

  skipString(): void {
    this.take(this.readLong())
  }
}

const empty = Buffer.alloc(0)
const maxSafe = BigInt(Number.MAX_SAFE_INTEGER)
