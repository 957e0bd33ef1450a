import { AvroBytesError, type AvroReader } from './avro-reader.ts'
import type { AvroWriter } from './avro-writer.ts'
import { avscModule, type AvscHook, type AvscResolver, type AvscType } from './avsc-internals.ts'

// avsc's types where they would change a value without a word or trust a length in damaged bytes.

const ArrayType: typeof avscModule.types.ArrayType = avscModule.types.ArrayType
const MapType: typeof avscModule.types.MapType = avscModule.types.MapType
const FloatType: typeof avscModule.types.FloatType = avscModule.types.FloatType
const LongType: typeof avscModule.types.LongType = avscModule.types.LongType

/** Items that take no bytes (nulls, empty records) can be many in few bytes; damaged bytes can claim any number. */
const emptyItemsMax = 1_000_000

/** The count of the next block of a list or map; the bytes that it claims to take are not relied on. */
function blockCount(tap: AvroReader): number {
  let count = tap.readLong()
  if (count < 0) {
    count = -count
    tap.skipLong()
  }
  if (count > tap.left && count > emptyItemsMax) {
    throw new AvroBytesError(`${count} items in ${tap.left} bytes at byte ${tap.at()}`)
  }
  return count
}

/** Lists that do not believe a count which the bytes cannot hold. */
export class CheckedArrayType extends ArrayType {
  override _read(tap: AvroReader): unknown[] {
    const items = this.itemsType!
    const list: unknown[] = []
    for (let count = blockCount(tap); count !== 0; count = blockCount(tap)) {
      while (count-- > 0) list.push(items._read(tap))
    }
    return list
  }

  override _skip(tap: AvroReader): void {
    const items = this.itemsType!
    for (let count = blockCount(tap); count !== 0; count = blockCount(tap)) {
      while (count-- > 0) items._skip(tap)
    }
  }
}

/** Maps that do not believe such counts either, and keep the key `__proto__`. */
export class CheckedMapType extends MapType {
  override _read(tap: AvroReader): Record<string, unknown> {
    const values = this.valuesType!
    const map: Record<string, unknown> = {}
    for (let count = blockCount(tap); count !== 0; count = blockCount(tap)) {
      while (count-- > 0) {
        const key = tap.readString()
        const value = values._read(tap)
        if (key === '__proto__') setOwn(map, key, value)
        else map[key] = value
      }
    }
    return map
  }

  override _skip(tap: AvroReader): void {
    const values = this.valuesType!
    for (let count = blockCount(tap); count !== 0; count = blockCount(tap)) {
      while (count-- > 0) {
        tap.skipString()
        values._skip(tap)
      }
    }
  }
}

function setOwn(target: object, key: string, value: unknown): void {
  Object.defineProperty(target, key, {
    value,
    configurable: true,
    enumerable: true,
    writable: true,
  })
}

/** Floats that refuse a number which would become infinite. */
export class CheckedFloatType extends FloatType {
  override _check(value: unknown, _flags?: unknown, hook?: AvscHook): boolean {
    const fits =
      typeof value === 'number' && (!Number.isFinite(value) || Number.isFinite(Math.fround(value)))
    if (!fits && hook) hook(value, this)
    return fits
  }

  override _write(tap: AvroWriter, value: unknown): void {
    if (!this._check(value)) throw invalid
    tap.writeFloat(value as number)
  }
}

/** Longs as numbers, over the whole range of safe ones. */
export class SafeLongType extends LongType {
  override _read(tap: AvroReader): number {
    return tap.readLong()
  }

  override _check(value: unknown, _flags?: unknown, hook?: AvscHook): boolean {
    const fits = Number.isSafeInteger(value)
    if (!fits && hook) hook(value, this)
    return fits
  }

  override _write(tap: AvroWriter, value: unknown): void {
    if (!Number.isSafeInteger(value)) throw invalid
    tap.writeLong(value as number)
  }
}

/** Longs as bigint. avsc knows a long with another representation by its type name. */
export class BigLongType extends LongType {
  get _concreteTypeName(): string {
    return 'long'
  }

  override get typeName(): string {
    return 'abstract:long'
  }

  override _read(tap: AvroReader): bigint {
    return tap.readBigLong()
  }

  override _check(value: unknown, _flags?: unknown, hook?: AvscHook): boolean {
    const fits = typeof value === 'bigint' && BigInt.asIntN(64, value) === value
    if (!fits && hook) hook(value, this)
    return fits
  }

  override _write(tap: AvroWriter, value: unknown): void {
    if (!this._check(value)) throw invalid
    // A default is encoded once through avsc's own tap, which has no method for bigint.
    if ('writeBigLong' in tap) tap.writeBigLong(value as bigint)
    else (tap as { writeFixed(bytes: Buffer): void }).writeFixed(bigLongBytes(value as bigint))
  }

  /** For a field's default, which the schema has as a JSON number. */
  _copy(value: unknown, options?: { readonly coerce?: number }): unknown {
    if (options?.coerce === 2) {
      if (!Number.isSafeInteger(value)) throw invalid
      return BigInt(value as number)
    }
    return options?.coerce === 3 ? Number(value) : value
  }

  _deref(): string {
    return 'long'
  }

  override _update(resolver: AvscResolver, writer: AvscType): void {
    if (writer.typeName === 'int') {
      resolver._read = (tap) => BigInt(tap.readInt())
    } else if (writer.typeName === 'long' || writer.typeName === 'abstract:long') {
      resolver._read = (tap) => tap.readBigLong()
    }
  }
}

function bigLongBytes(value: bigint): Buffer {
  const bytes: number[] = []
  let zigzag = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n))
  while (zigzag > 0x7fn) {
    bytes.push(Number(zigzag & 0x7fn) | 0x80)
    zigzag >>= 7n
  }
  bytes.push(Number(zigzag))
  return Buffer.from(bytes)
}

/** Thrown where a value is refused while it is written; the serde then looks for the field and says what was expected. */
const invalid = new Error('invalid value')
