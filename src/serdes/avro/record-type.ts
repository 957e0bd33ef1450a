import type { AvroReader } from './avro-reader.ts'
import { avscModule, type AvscReads, type AvscResolver, type AvscType } from './avsc-internals.ts'

const RecordType: typeof avscModule.types.RecordType = avscModule.types.RecordType

type RecordConstructor = new (...values: unknown[]) => object

/**
 * Records whose fields may have names that every JavaScript object has (`constructor`, `toString`): avsc's resolution
 * looks fields up in plain objects and takes those names for fields that are there.
 */
export class CheckedRecordType extends RecordType {
  override _update(resolver: AvscResolver, writer: AvscType, options: object): void {
    const fields = [...this.fields!, ...(writer.fields ?? [])]
    const inherited = fields.some(({ name, aliases }) =>
      [name, ...aliases].some((each) => each in Object.prototype),
    )
    if (!inherited || writer.fields === undefined) super._update(resolver, writer, options)
    else this._resolveByMap(resolver, writer, options)
  }

  /** What avsc compiles, with maps; slower, and only for such names. */
  _resolveByMap(resolver: AvscResolver, writer: AvscType, options: object): void {
    if (writer.name !== this.name && !this.aliases!.includes(writer.name!)) {
      throw new Error(`no alias found for ${writer.name}`)
    }
    const written = new Map(writer.fields!.map((field, index) => [field.name, index]))
    const steps: ({ readonly target: number; readonly reads: AvscReads } | undefined)[] =
      writer.fields!.map(() => undefined)
    this.fields!.forEach((field, target) => {
      const index = [field.name, ...field.aliases]
        .map((name) => written.get(name))
        .find((found) => found !== undefined)
      if (index !== undefined) {
        const { type } = writer.fields![index]!
        steps[index] = { target, reads: field.type.createResolver(type, options) }
      } else if (field.defaultValue() === undefined) {
        throw new Error(`no matching field for default-less ${field.name}`)
      }
    })
    const Constructor = this.recordConstructor as unknown as RecordConstructor
    const { length } = this.fields!
    resolver._read = (tap: AvroReader) => {
      const values = new Array<unknown>(length)
      steps.forEach((step, index) => {
        if (step) values[step.target] = step.reads._read(tap)
        else writer.fields![index]!.type._skip(tap)
      })
      return new Constructor(...values)
    }
  }
}
