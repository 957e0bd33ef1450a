/** Writes the primitive types of Kafka's protocol into a buffer that grows. */
export class ByteWriter {
  #buffer: Buffer
  #position = 0

  constructor(capacityBytes = 256) {
    this.#buffer = Buffer.allocUnsafe(capacityBytes)
  }

  /** What was written so far; a view. */
  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#position)
  }

  /** Makes room, so that large writes that follow copy once. */
  reserve(bytes: number): this {
    if (this.#position + bytes > this.#buffer.length) {
      const wanted = Math.max(this.#buffer.length * 2, this.#position + bytes)
      const grown = Buffer.allocUnsafe(wanted)
      this.#buffer.copy(grown, 0, 0, this.#position)
      this.#buffer = grown
    }
    return this
  }

  int8(value: number): this {
    this.reserve(1)
    this.#position = this.#buffer.writeInt8(value, this.#position)
    return this
  }

  boolean(value: boolean): this {
    return this.int8(value ? 1 : 0)
  }

  int16(value: number): this {
    this.reserve(2)
    this.#position = this.#buffer.writeInt16BE(value, this.#position)
    return this
  }

  int32(value: number): this {
    this.reserve(4)
    this.#position = this.#buffer.writeInt32BE(value, this.#position)
    return this
  }

  int64(value: number | bigint): this {
    this.reserve(8)
    this.#position = this.#buffer.writeBigInt64BE(BigInt(value), this.#position)
    return this
  }

  unsignedVarint(value: number): this {
    this.reserve(5)
    let rest = value >>> 0
    while (rest > 0x7f) {
      this.#buffer[this.#position++] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    this.#buffer[this.#position++] = rest
    return this
  }

  /** NULLABLE_STRING. */
  string(value: string | null | undefined): this {
    if (value === null || value === undefined) return this.int16(-1)
    return this.int16(Buffer.byteLength(value)).#text(value)
  }

  /** COMPACT_NULLABLE_STRING. */
  compactString(value: string | null | undefined): this {
    if (value === null || value === undefined) return this.unsignedVarint(0)
    return this.unsignedVarint(Buffer.byteLength(value) + 1).#text(value)
  }

  /** NULLABLE_BYTES. */
  sizedBytes(value: Uint8Array | null): this {
    if (value === null) return this.int32(-1)
    return this.int32(value.length).raw(value)
  }

  /** COMPACT_BYTES. */
  compactBytes(value: Uint8Array): this {
    return this.unsignedVarint(value.length + 1).raw(value)
  }

  raw(value: Uint8Array): this {
    this.reserve(value.length)
    this.#buffer.set(value, this.#position)
    this.#position += value.length
    return this
  }

  array<T>(values: readonly T[], write: (value: T) => void): this {
    this.int32(values.length)
    values.forEach(write)
    return this
  }

  compactArray<T>(values: readonly T[], write: (value: T) => void): this {
    this.unsignedVarint(values.length + 1)
    values.forEach(write)
    return this
  }

  /** An empty section of tagged fields. */
  noTags(): this {
    return this.unsignedVarint(0)
  }

  #text(value: string): this {
    this.reserve(Buffer.byteLength(value))
    this.#position += this.#buffer.write(value, this.#position)
    return this
  }
}
