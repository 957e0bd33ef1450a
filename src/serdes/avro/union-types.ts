import type { AvroReader } from './avro-reader.ts'
import type { AvroWriter } from './avro-writer.ts'
import {
  avscModule,
  type AvscHook,
  type AvscReads,
  type AvscResolver,
  type AvscType,
} from './avsc-internals.ts'

const UnwrappedUnionType: typeof avscModule.types.UnwrappedUnionType =
  avscModule.types.UnwrappedUnionType
const WrappedUnionType: typeof avscModule.types.WrappedUnionType = avscModule.types.WrappedUnionType

interface ResolverOptions {
  readonly registry?: Readonly<Record<string, unknown>>
}

/**
 * The first branch that reads a writer's type. Each branch is tried with a registry of its own: a failed attempt
 * leaves half a resolver in it, which avsc would take for a whole one when it meets the same two records again.
 */
function readingBranch(
  union: AvscType,
  writer: AvscType,
  options: ResolverOptions,
): { readonly branch: AvscType; readonly reads: AvscReads } | undefined {
  for (const branch of union.types!) {
    try {
      const registry = { ...options.registry }
      return { branch, reads: branch.createResolver(writer, { ...options, registry }) }
    } catch {
      // This branch does not read it; whether any does is for the caller to say.
    }
  }
  return undefined
}

/** A union whose values show their branch by what they are. */
export class PlainUnionType extends UnwrappedUnionType {
  override _update(resolver: AvscResolver, writer: AvscType, options: ResolverOptions): void {
    const found = readingBranch(this, writer, options)
    if (found) resolver._read = (tap: AvroReader) => found.reads._read(tap)
  }
}

/** Null or one other type, by far the commonest union: the branch is known at a glance. */
export class NullableType extends PlainUnionType {
  get _nullIndex(): number {
    return this.types![0]!.typeName === 'null' ? 0 : 1
  }

  override _write(tap: AvroWriter, value: unknown): void {
    const nullIndex = this._nullIndex
    if (value === null) {
      tap.writeLong(nullIndex)
      return
    }
    tap.writeLong(1 - nullIndex)
    this.types![1 - nullIndex]!._write(tap, value)
  }

  override _check(value: unknown, flags?: unknown, hook?: AvscHook, path?: string[]): boolean {
    if (value === null) return true
    if (value === undefined) {
      hook?.(value, this)
      return false
    }
    return this.types![1 - this._nullIndex]!._check(value, flags, hook, path)
  }
}

/** A union whose values carry their branch's name. */
export class NamedUnionType extends WrappedUnionType {
  override _update(resolver: AvscResolver, writer: AvscType, options: ResolverOptions): void {
    const found = readingBranch(this, writer, options)
    if (!found) return
    const Branch = found.branch._branchConstructor as unknown as
      (new (value: unknown) => object) | null
    resolver._read = Branch ? (tap: AvroReader) => new Branch(found.reads._read(tap)) : () => null
  }
}
