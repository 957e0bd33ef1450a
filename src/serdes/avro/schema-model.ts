// An Avro schema with every name settled: what compatibility and code generation work on. A recursive schema is a
// cyclic graph of these nodes.

/** The types without a name or parts. */
export type PrimitiveName =
  'null' | 'boolean' | 'int' | 'long' | 'float' | 'double' | 'bytes' | 'string'

/** The logical types that Millrace gives a meaning to; any other is read as its underlying type, as Avro demands. */
export type Logical =
  | { readonly name: 'timestamp-millis' | 'date' | 'uuid' }
  | { readonly name: 'decimal'; readonly precision: number; readonly scale: number }

/** Attributes that Avro gives no meaning to; kept as they are. */
export type ExtraAttributes = Readonly<Record<string, unknown>>

export interface AvroPrimitive {
  readonly kind: PrimitiveName
  readonly logical: Logical | undefined
  readonly extra: ExtraAttributes
}

interface Named {
  readonly fullName: string
  /** Full names too. */
  readonly aliases: readonly string[]
  readonly doc: string | undefined
  readonly extra: ExtraAttributes
}

export interface AvroField {
  readonly name: string
  readonly type: AvroNode
  readonly doc: string | undefined
  readonly aliases: readonly string[]
  /** As JSON; undefined where there is none, `null` is a default. */
  readonly default: unknown
  readonly extra: ExtraAttributes
}

export interface AvroRecord extends Named {
  readonly kind: 'record'
  readonly fields: readonly AvroField[]
}

export interface AvroEnum extends Named {
  readonly kind: 'enum'
  readonly symbols: readonly string[]
  readonly default: string | undefined
}

export interface AvroFixed extends Named {
  readonly kind: 'fixed'
  readonly size: number
  readonly logical: Logical | undefined
}

export interface AvroArray {
  readonly kind: 'array'
  readonly items: AvroNode
  readonly extra: ExtraAttributes
}

export interface AvroMap {
  readonly kind: 'map'
  readonly values: AvroNode
  readonly extra: ExtraAttributes
}

export interface AvroUnion {
  readonly kind: 'union'
  readonly branches: readonly AvroNode[]
}

export type AvroNamed = AvroRecord | AvroEnum | AvroFixed
export type AvroNode = AvroPrimitive | AvroNamed | AvroArray | AvroMap | AvroUnion

const primitives: ReadonlySet<string> = new Set<PrimitiveName>([
  'null',
  'boolean',
  'int',
  'long',
  'float',
  'double',
  'bytes',
  'string',
])

export function isPrimitiveName(name: unknown): name is PrimitiveName {
  return typeof name === 'string' && primitives.has(name)
}

export function isNamed(node: AvroNode): node is AvroNamed {
  return node.kind === 'record' || node.kind === 'enum' || node.kind === 'fixed'
}

/** A type as messages print it: `int`, `record millrace.examples.shop.PurchaseRecorded`, `null or string`. */
export function typeText(node: AvroNode): string {
  if (node.kind === 'union') return node.branches.map(typeText).join(' or ')
  if (node.kind === 'array') return `array of ${typeText(node.items)}`
  if (node.kind === 'map') return `map of ${typeText(node.values)}`
  if (node.kind === 'fixed')
    return `fixed ${node.fullName} of ${node.size} bytes${logicalText(node)}`
  if (isNamed(node)) return `${node.kind} ${node.fullName}`
  return node.kind + logicalText(node)
}

function logicalText(node: { readonly logical: Logical | undefined }): string {
  const { logical } = node
  if (logical === undefined) return ''
  return logical.name === 'decimal'
    ? ` (decimal(${logical.precision}, ${logical.scale}))`
    : ` (${logical.name})`
}

/** The last part of a full name. */
export function shortName(fullName: string): string {
  return fullName.slice(fullName.lastIndexOf('.') + 1)
}
