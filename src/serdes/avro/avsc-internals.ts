import avsc from 'avsc'
import type { AvroReader } from './avro-reader.ts'
import type { AvroWriter } from './avro-writer.ts'

// avsc's public entry points read whole buffers, write into buffers of their own and give class instances. Millrace
// calls the compiled readers and writers below them, with its own reader and writer in the place of avsc's tap. These
// are the names it relies on; avsc is pinned to the version that has them.

/** What avsc calls on every type and resolver. */
export interface AvscReads {
  _read(tap: AvroReader): unknown
}

export interface AvscField {
  readonly name: string
  readonly aliases: readonly string[]
  readonly type: AvscType
  /** Undefined where there is none. */
  defaultValue(): unknown
}

export interface AvscType extends AvscReads {
  readonly typeName: string
  readonly name: string | undefined
  readonly branchName: string | undefined
  readonly types?: readonly AvscType[]
  readonly itemsType?: AvscType
  readonly valuesType?: AvscType
  readonly underlyingType?: AvscType
  readonly fields?: readonly AvscField[]
  readonly aliases?: readonly string[]
  readonly symbols?: readonly string[]
  readonly recordConstructor?: { prototype: object }
  readonly _branchConstructor?: { prototype: object } | null
  readonly _indices?: object
  readonly _branchIndices?: object
  readonly _bucketIndices?: object
  _write(tap: AvroWriter, value: unknown): void
  _skip(tap: AvroReader): void
  _check(value: unknown, flags?: unknown, hook?: AvscHook, path?: string[]): boolean
  _update(resolver: AvscResolver, writer: AvscType, options: object): void
  createResolver(writer: AvscType, options?: object): AvscReads
  isValid(
    value: unknown,
    options: { errorHook(path: string[], value: unknown, type: AvscType): void },
  ): boolean
}

/** Called by `_check` for a value that its type refuses. */
export type AvscHook = (value: unknown, type: unknown) => void

/** A resolver under construction: what avsc reads a writer's type through. */
export interface AvscResolver {
  _read: ((tap: AvroReader) => unknown) | null
}

type Constructor = new (schema: unknown, options: unknown) => AvscType

interface AvscModule {
  readonly Type: {
    forSchema(schema: unknown, options: object): AvscType
    isType(value: unknown, ...prefixes: string[]): boolean
  }
  readonly types: {
    readonly ArrayType: Constructor
    readonly MapType: Constructor
    readonly FloatType: new () => AvscType
    readonly LongType: new () => AvscType
    readonly LogicalType: Constructor
    readonly RecordType: Constructor
    readonly UnwrappedUnionType: Constructor
    readonly WrappedUnionType: Constructor
  }
}

/** avsc, by the names above. */
export const avscModule: AvscModule = avsc as unknown as AvscModule
