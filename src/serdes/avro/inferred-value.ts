/** How a schema's values look; what `AvroRepresentation` says, settled. */
interface Forms {
  readonly long: 'number' | 'bigint'
  readonly dates: 'number' | 'date'
}

interface Primitives<F extends Forms> {
  readonly null: null
  readonly boolean: boolean
  readonly int: number
  readonly long: F['long'] extends 'bigint' ? bigint : number
  readonly float: number
  readonly double: number
  readonly bytes: Buffer
  readonly string: string
}

type TimeOf<F extends Forms> = F['dates'] extends 'date' ? Date : number

/**
 * The type of the values of a schema that is written as a literal. A named type that is referred to by its name, and a
 * union that needs its branches' names, are `unknown`: `millrace schemas generate` types those.
 */
export type AvroValue<S, F extends Forms> = S extends keyof Primitives<F>
  ? Primitives<F>[S]
  : S extends { readonly type: 'long'; readonly logicalType: 'timestamp-millis' }
    ? TimeOf<F>
    : S extends { readonly type: 'int'; readonly logicalType: 'date' }
      ? TimeOf<F>
      : S extends { readonly logicalType: 'decimal' | 'uuid' }
        ? string
        : S extends { readonly type: 'record'; readonly fields: infer Fields }
          ? RecordValue<Fields, F>
          : S extends { readonly type: 'enum'; readonly symbols: readonly (infer Symbols)[] }
            ? Symbols
            : S extends { readonly type: 'array'; readonly items: infer Items }
              ? readonly AvroValue<Items, F>[]
              : S extends { readonly type: 'map'; readonly values: infer Values }
                ? Readonly<Record<string, AvroValue<Values, F>>>
                : S extends { readonly type: 'fixed' }
                  ? Buffer
                  : S extends readonly unknown[]
                    ? UnionValue<S, F>
                    : S extends { readonly type: infer Type extends keyof Primitives<F> }
                      ? Primitives<F>[Type]
                      : unknown

type RecordValue<Fields, F extends Forms> = Fields extends readonly {
  readonly name: string
  readonly type: unknown
}[]
  ? { readonly [Field in Fields[number] as Field['name']]: AvroValue<Field['type'], F> }
  : unknown

type UnionValue<S extends readonly unknown[], F extends Forms> = S extends readonly [
  'null',
  infer T,
]
  ? AvroValue<T, F> | null
  : S extends readonly [infer T, 'null']
    ? AvroValue<T, F> | null
    : unknown
