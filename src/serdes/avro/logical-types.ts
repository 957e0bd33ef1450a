import { AvroBytesError } from './avro-reader.ts'
import { avscModule, type AvscResolver, type AvscType } from './avsc-internals.ts'
import { fromTwosComplement, scaledText, twosComplement, unscaled } from './decimal.ts'
import type { Logical } from './schema-model.ts'

// How values of logical types look in TypeScript. avsc asks `_toValue` for the underlying value, undefined where the
// value is none, and gives `_fromValue` what was read.

/** How a logical type is made: from a schema, avsc's options, and what the schema's attributes declare. */
export type LogicalConstructor = new (
  schema: unknown,
  options: unknown,
  logical: Logical,
) => AvscType

abstract class MillraceLogicalType extends avscModule.types.LogicalType {
  abstract _fromValue(value: unknown): unknown
  abstract _toValue(value: unknown): unknown
  readonly _logical: Logical

  constructor(schema: unknown, options: unknown, logical: Logical) {
    super(schema, options)
    this._logical = logical
  }

  /** Reads what the underlying type can read, from a writer's type with or without the logical one. */
  override _update(resolver: AvscResolver, writer: AvscType, options: object): void {
    if (!this._accepts(writer)) return
    const underlying = writer instanceof MillraceLogicalType ? writer.underlyingType! : writer
    const inner = this.underlyingType!.createResolver(underlying, options)
    resolver._read = (tap) => this._fromValue(inner._read(tap))
  }

  _accepts(_writer: AvscType): boolean {
    return true
  }
}

class TimestampAsDate extends MillraceLogicalType {
  _fromValue(value: unknown): Date {
    return new Date(Number(value))
  }

  _toValue(value: unknown): unknown {
    if (!(value instanceof Date) || Number.isNaN(value.getTime())) return undefined
    return value.getTime()
  }
}

const msPerDay = 86_400_000

class DayAsDate extends MillraceLogicalType {
  _fromValue(value: unknown): Date {
    return new Date((value as number) * msPerDay)
  }

  /** Only midnight UTC is a day; any other time would be lost. */
  _toValue(value: unknown): unknown {
    if (!(value instanceof Date)) return undefined
    const days = value.getTime() / msPerDay
    return Number.isSafeInteger(days) ? days : undefined
  }
}

class DecimalAsText extends MillraceLogicalType {
  _fromValue(value: unknown): string {
    return scaledText(fromTwosComplement(value as Buffer), this.scale)
  }

  _toValue(value: unknown): unknown {
    if (typeof value !== 'string') return undefined
    const { precision, scale } = this._logical as { precision: number; scale: number }
    const number = unscaled(value, precision, scale)
    if (number === undefined) return undefined
    const { size } = this.underlyingType as unknown as { readonly size?: number }
    return twosComplement(number, size)
  }

  get scale(): number {
    return (this._logical as { scale: number }).scale
  }

  override _accepts(writer: AvscType): boolean {
    return !(writer instanceof DecimalAsText) || writer.scale === this.scale
  }
}

const uuidText = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

class UuidAsText extends MillraceLogicalType {
  _fromValue(value: unknown): string {
    if (typeof value === 'string') {
      if (!uuidText.test(value))
        throw new AvroBytesError(`${JSON.stringify(value)}, which is no uuid`)
      return value
    }
    return (value as Buffer)
      .toString('hex')
      .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
  }

  _toValue(value: unknown): unknown {
    if (typeof value !== 'string' || !uuidText.test(value)) return undefined
    if (this.underlyingType!.typeName === 'string') return value
    return Buffer.from(value.replaceAll('-', ''), 'hex')
  }
}

/** Avro's logical types as avsc is to build them. Timestamps and days stay numbers where no Date is wanted. */
export function logicalTypes(
  dates: 'number' | 'date',
): Readonly<Record<string, LogicalConstructor>> {
  return {
    decimal: DecimalAsText,
    uuid: UuidAsText,
    ...(dates === 'date' && { 'timestamp-millis': TimestampAsDate, date: DayAsDate }),
  }
}
