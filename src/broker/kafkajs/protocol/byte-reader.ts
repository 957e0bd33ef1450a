/** A response ended before its fields did, or claims lengths that it cannot have. */
export class TruncatedResponseError extends Error {
  constructor(what: string) {
    super(`The response is damaged: ${what}.`)
    this.name = 'TruncatedResponseError'
  }
}

/**
 * Reads the primitive types of Kafka's protocol. Every read is checked against the end of the bytes, so that a
 * response that was cut off is a {@link TruncatedResponseError} and never a wrong value.
 */
export class ByteReader {
  readonly buffer: Buffer
  /** How long the broker wants no request over this connection, as the response said; 0 where it said nothing. */
  throttleMs = 0
  #position = 0

  constructor(buffer: Buffer) {
    this.buffer = buffer
  }

  get position(): number {
    return this.#position
  }

  int8(): number {
    return this.buffer.readInt8(this.#take(1))
  }

  boolean(): boolean {
    return this.int8() !== 0
  }

  int16(): number {
    return this.buffer.readInt16BE(this.#take(2))
  }

  int32(): number {
    return this.buffer.readInt32BE(this.#take(4))
  }

  /** The field that nearly every response has: see {@link throttleMs}. */
  throttleTime(): void {
    this.throttleMs = this.int32()
  }

  /** As a number: offsets and times stay within 2⁵³. */
  int64(): number {
    return Number(this.int64Exact())
  }

  int64Exact(): bigint {
    return this.buffer.readBigInt64BE(this.#take(8))
  }

  unsignedVarint(): number {
    let value = 0
    for (let shift = 0; shift <= 28; shift += 7) {
      const byte = this.buffer[this.#take(1)]!
      value |= (byte & 0x7f) << shift
      if ((byte & 0x80) === 0) return value >>> 0
    }
    throw new TruncatedResponseError('a length takes more than five bytes')
  }

  /** NULLABLE_STRING. */
  nullableString(): string | null {
    return this.#text(this.int16())
  }

  /** STRING, with null read as empty. */
  string(): string {
    return this.nullableString() ?? ''
  }

  /** COMPACT_NULLABLE_STRING. */
  compactNullableString(): string | null {
    return this.#text(this.unsignedVarint() - 1)
  }

  compactString(): string {
    return this.compactNullableString() ?? ''
  }

  /** NULLABLE_BYTES, a view; null is read as empty. */
  sizedBytes(): Buffer {
    const length = this.int32()
    if (length <= 0) return this.buffer.subarray(this.#position, this.#position)
    const start = this.#take(length)
    return this.buffer.subarray(start, start + length)
  }

  /** Steps over bytes; returns where they begin. */
  skip(length: number): number {
    return this.#take(Math.max(0, length))
  }

  array<T>(read: () => T): T[] {
    return this.#elements(this.int32(), read)
  }

  compactArray<T>(read: () => T): T[] {
    return this.#elements(this.unsignedVarint() - 1, read)
  }

  /** A section of tagged fields of which none is needed. */
  skipTags(): void {
    this.tags(() => undefined)
  }

  /** A section of tagged fields: calls back at the beginning of each one, and goes on behind it whatever was read. */
  tags(read: (tag: number) => void): void {
    for (let count = this.unsignedVarint(); count > 0; count--) {
      const tag = this.unsignedVarint()
      const end = this.unsignedVarint() + this.#position
      read(tag)
      if (end < this.#position) throw new TruncatedResponseError('a tagged field is too short')
      this.skip(end - this.#position)
    }
  }

  #take(bytes: number): number {
    const start = this.#position
    if (start + bytes > this.buffer.length) {
      const { length } = this.buffer
      throw new TruncatedResponseError(`${bytes} bytes are wanted at ${start} of ${length}`)
    }
    this.#position = start + bytes
    return start
  }

  #text(length: number): string | null {
    if (length < 0) return null
    const start = this.#take(length)
    return this.buffer.toString('utf8', start, start + length)
  }

  #elements<T>(count: number, read: () => T): T[] {
    // Each element takes a byte at least: a length beyond that is damage, not a reason to allocate.
    const left = this.buffer.length - this.#position
    if (count > left) throw new TruncatedResponseError(`${count} elements in ${left} bytes`)
    const elements: T[] = []
    for (let i = 0; i < count; i++) elements.push(read())
    return elements
  }
}
