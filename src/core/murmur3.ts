const seed = 104_729
const blockBytes = 16

/**
 * The 128-bit murmur3 hash of some bytes, as Kafka Streams compares the rows of foreign-key joins by it: both halves,
 * each in big-endian order.
 *
 * @remarks Source: `org.apache.kafka.streams.state.internals.Murmur3.hash128`.
 */
export function murmur3Hash128(data: Buffer): Buffer {
  const first = new Word64(0, seed)
  const second = new Word64(0, seed)
  const k = new Word64(0, 0)
  let at = 0
  for (const end = data.length & ~(blockBytes - 1); at < end; at += blockBytes) {
    mixFirst(first, k.set(data.readUInt32LE(at + 4), data.readUInt32LE(at)))
    first.rotate(27).add(second).timesFive().addNumber(0x52dce729)
    mixSecond(second, k.set(data.readUInt32LE(at + 12), data.readUInt32LE(at + 8)))
    second.rotate(31).add(first).timesFive().addNumber(0x38495ab5)
  }
  if (at < data.length) {
    // Zeros that stand for missing bytes change nothing.
    const rest = Buffer.alloc(blockBytes)
    data.copy(rest, 0, at)
    mixSecond(second, k.set(rest.readUInt32LE(12), rest.readUInt32LE(8)))
    mixFirst(first, k.set(rest.readUInt32LE(4), rest.readUInt32LE(0)))
  }
  first.lo ^= data.length
  second.lo ^= data.length
  first.add(second)
  second.add(first)
  finish(first)
  finish(second)
  first.add(second)
  second.add(first)
  const hash = Buffer.allocUnsafe(blockBytes)
  hash.writeInt32BE(first.hi, 0)
  hash.writeInt32BE(first.lo, 4)
  hash.writeInt32BE(second.hi, 8)
  hash.writeInt32BE(second.lo, 12)
  return hash
}

function mixFirst(into: Word64, k: Word64): void {
  into.xor(k.times(0x87c37b91, 0x114253d5).rotate(31).times(0x4cf5ad43, 0x2745937f))
}

function mixSecond(into: Word64, k: Word64): void {
  into.xor(k.times(0x4cf5ad43, 0x2745937f).rotate(33).times(0x87c37b91, 0x114253d5))
}

function finish(word: Word64): void {
  word.xorShifted33().times(0xff51afd7, 0xed558ccd)
  word.xorShifted33().times(0xc4ceb9fe, 0x1a85ec53)
  word.xorShifted33()
}

/** A 64-bit number in two halves: much faster than a BigInt. Its methods change it. */
class Word64 {
  hi: number
  lo: number

  constructor(hi: number, lo: number) {
    this.hi = hi | 0
    this.lo = lo | 0
  }

  set(hi: number, lo: number): this {
    this.hi = hi | 0
    this.lo = lo | 0
    return this
  }

  add(other: Word64): this {
    const lo = (this.lo >>> 0) + (other.lo >>> 0)
    this.hi = (this.hi + other.hi + (lo > 0xffff_ffff ? 1 : 0)) | 0
    this.lo = lo | 0
    return this
  }

  /** Adds a number below 2^32. */
  addNumber(number: number): this {
    const lo = (this.lo >>> 0) + number
    if (lo > 0xffff_ffff) this.hi = (this.hi + 1) | 0
    this.lo = lo | 0
    return this
  }

  xor(other: Word64): this {
    this.hi ^= other.hi
    this.lo ^= other.lo
    return this
  }

  /** Combines it with itself shifted right by 33 bits. */
  xorShifted33(): this {
    this.lo ^= this.hi >>> 1
    return this
  }

  /** Rotates it left, by other than 0 or 32 bits. */
  rotate(bits: number): this {
    const { hi, lo } = this
    const shift = bits & 31
    const [high, low] = bits < 32 ? [hi, lo] : [lo, hi]
    this.hi = (high << shift) | (low >>> (32 - shift))
    this.lo = (low << shift) | (high >>> (32 - shift))
    return this
  }

  timesFive(): this {
    return this.times(0, 5)
  }

  times(hi: number, lo: number): this {
    const cross = Math.imul(this.hi, lo) + Math.imul(this.lo, hi)
    const low = this.lo & 0xffff
    const high = this.lo >>> 16
    const otherLow = lo & 0xffff
    const otherHigh = lo >>> 16
    // Each of these is below 2^32, which a double holds exactly.
    const lowLow = low * otherLow
    const lowHigh = low * otherHigh
    const highLow = high * otherLow
    const middle = (lowLow >>> 16) + (lowHigh & 0xffff) + (highLow & 0xffff)
    const carried = (lowHigh >>> 16) + (highLow >>> 16) + (middle >>> 16)
    this.hi = (cross + high * otherHigh + carried) | 0
    this.lo = (lowLow & 0xffff) | (middle << 16)
    return this
  }
}
