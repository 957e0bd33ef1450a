import { ConfigError, messageOf } from '../../core/errors.ts'
import { logicalOf } from './logical.ts'
import {
  isPrimitiveName,
  type AvroField,
  type AvroNamed,
  type AvroNode,
  type ExtraAttributes,
} from './schema-model.ts'

type Json = Readonly<Record<string, unknown>>

/** Where a schema's names may also come from: other files' types. */
export interface ParseOptions {
  /** Called for a full name that the schema does not define; undefined where nobody does. */
  readonly reference?: (fullName: string) => AvroNamed | undefined
  /** Names a schema in error messages: a file, a subject. */
  readonly origin?: string
}

interface Scope extends ParseOptions {
  readonly names: Map<string, AvroNamed>
}

/**
 * Reads an Avro schema, as text or as parsed JSON, and settles its names.
 *
 * @throws ConfigError that names the place in the schema.
 */
export function parseSchema(schema: unknown, options: ParseOptions = {}): AvroNode {
  const scope: Scope = { ...options, names: new Map() }
  return parse(typeof schema === 'string' ? fromText(schema, scope) : schema, '', '', scope)
}

function fromText(text: string, scope: Scope): unknown {
  // The name of a primitive type is a schema on its own, in text as in JSON.
  if (isPrimitiveName(text)) return text
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw fault('', `is not JSON: ${messageOf(cause)}`, scope, cause)
  }
}

function fault(path: string, what: string, scope: Scope, cause?: unknown): ConfigError {
  const origin = scope.origin === undefined ? '' : ` in ${scope.origin}`
  return new ConfigError(`Avro schema${origin}: ${path === '' ? 'it' : path} ${what}`, { cause })
}

function parse(schema: unknown, namespace: string, path: string, scope: Scope): AvroNode {
  if (typeof schema === 'string') return reference(schema, namespace, path, scope)
  if (Array.isArray(schema)) return union(schema, namespace, path, scope)
  if (typeof schema !== 'object' || schema === null) {
    throw fault(path, `must be a type, not ${JSON.stringify(schema)}`, scope)
  }
  const json = schema as Json
  switch (json['type']) {
    case 'record':
    case 'error':
      return record(json, namespace, path, scope)
    case 'enum':
      return enumeration(json, namespace, path, scope)
    case 'fixed':
      return fixed(json, namespace, path, scope)
    case 'array':
      return {
        kind: 'array',
        items: parse(json['items'], namespace, `${path}[]`, scope),
        extra: extraOf(json, ['type', 'items']),
      }
    case 'map':
      return {
        kind: 'map',
        values: parse(json['values'], namespace, `${path}{}`, scope),
        extra: extraOf(json, ['type', 'values']),
      }
    default:
      return primitive(json, namespace, path, scope)
  }
}

function primitive(json: Json, namespace: string, path: string, scope: Scope): AvroNode {
  const type = json['type']
  if (!isPrimitiveName(type)) return parse(type, namespace, path, scope)
  return { kind: type, logical: logicalOf(type, undefined, json), extra: extraOf(json, ['type']) }
}

function reference(name: string, namespace: string, path: string, scope: Scope): AvroNode {
  if (isPrimitiveName(name)) return { kind: name, logical: undefined, extra: {} }
  const full = qualified(name, namespace)
  const found = scope.names.get(full) ?? scope.names.get(name) ?? scope.reference?.(full)
  if (found) return found
  throw fault(path, `refers to ${full}, which is not defined`, scope)
}

function union(
  branches: readonly unknown[],
  namespace: string,
  path: string,
  scope: Scope,
): AvroNode {
  const parsed = branches.map((branch) => parse(branch, namespace, path, scope))
  if (parsed.length === 0) throw fault(path, 'is a union of nothing', scope)
  const seen = new Set<string>()
  for (const branch of parsed) {
    if (branch.kind === 'union') throw fault(path, 'is a union directly within a union', scope)
    const name = branchName(branch)
    if (seen.has(name)) throw fault(path, `has ${name} twice in its union`, scope)
    seen.add(name)
  }
  return { kind: 'union', branches: parsed }
}

/** How a branch of a union is told from the others: its full name, or its type. */
export function branchName(node: AvroNode): string {
  return 'fullName' in node ? node.fullName : node.kind
}

type Mutable<T> = { -readonly [Name in keyof T]: T[Name] }

function named<T extends AvroNamed>(
  json: Json,
  namespace: string,
  path: string,
  scope: Scope,
  rest: Omit<T, 'fullName' | 'aliases' | 'doc' | 'extra'>,
  known: readonly string[],
): Mutable<T> {
  const name = json['name']
  if (typeof name !== 'string' || !validName.test(name)) {
    throw fault(path, `has no valid name: ${JSON.stringify(name)}`, scope)
  }
  const fullName = fullNameOf(json, namespace)
  if (scope.names.has(fullName)) throw fault(path, `defines ${fullName} a second time`, scope)
  const own = namespaceOf(fullName)
  const aliases = (json['aliases'] as readonly string[] | undefined) ?? []
  const node = {
    ...rest,
    fullName,
    aliases: aliases.map((alias) => qualified(alias, own)),
    doc: textOf(json['doc']),
    extra: extraOf(json, ['type', 'name', 'namespace', 'aliases', 'doc', ...known]),
  } as unknown as Mutable<T>
  scope.names.set(fullName, node as unknown as AvroNamed)
  return node
}

function record(json: Json, namespace: string, path: string, scope: Scope): AvroNode {
  if (!Array.isArray(json['fields'])) throw fault(path, 'is a record without fields', scope)
  const fields: AvroField[] = []
  const node = named<AvroNamed & { kind: 'record' }>(
    json,
    namespace,
    path,
    scope,
    { kind: 'record', fields },
    ['fields'],
  )
  // Fields come after the name is known, so that a record can contain itself.
  const own = namespaceOf(node.fullName)
  for (const item of json['fields'] as readonly unknown[]) {
    const at = item as Json
    const name = at?.['name']
    if (typeof name !== 'string' || !validFieldName.test(name) || name === '__proto__') {
      throw fault(node.fullName, `has a field without a valid name: ${JSON.stringify(name)}`, scope)
    }
    if (fields.some((field) => field.name === name)) {
      throw fault(node.fullName, `has the field ${name} twice`, scope)
    }
    fields.push({
      name,
      type: parse(at['type'], own, `${node.fullName}.${name}`, scope),
      doc: textOf(at['doc']),
      aliases: (at['aliases'] as readonly string[] | undefined) ?? [],
      default: at['default'],
      extra: extraOf(at, ['name', 'type', 'doc', 'aliases', 'default']),
    })
  }
  return node
}

function enumeration(json: Json, namespace: string, path: string, scope: Scope): AvroNode {
  const symbols = json['symbols']
  if (!Array.isArray(symbols) || symbols.length === 0 || !symbols.every(isSymbol)) {
    throw fault(path, `is an enum without valid symbols: ${JSON.stringify(symbols)}`, scope)
  }
  if (new Set(symbols).size < symbols.length) throw fault(path, 'has a symbol twice', scope)
  const fallback = textOf(json['default'])
  if (fallback !== undefined && !symbols.includes(fallback)) {
    throw fault(path, `has the default ${fallback}, which is none of its symbols`, scope)
  }
  return named<AvroNamed & { kind: 'enum' }>(
    json,
    namespace,
    path,
    scope,
    { kind: 'enum', symbols: symbols as string[], default: fallback },
    ['symbols', 'default'],
  )
}

function fixed(json: Json, namespace: string, path: string, scope: Scope): AvroNode {
  const size = json['size']
  if (!Number.isSafeInteger(size) || (size as number) < 0) {
    throw fault(path, `is a fixed without a valid size: ${JSON.stringify(size)}`, scope)
  }
  const logical = logicalOf('fixed', size as number, json)
  return named<AvroNamed & { kind: 'fixed' }>(
    json,
    namespace,
    path,
    scope,
    { kind: 'fixed', size: size as number, logical },
    ['size'],
  )
}

const validName = /^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$/
const validFieldName = /^[A-Za-z_][A-Za-z0-9_]*$/

function isSymbol(symbol: unknown): boolean {
  return typeof symbol === 'string' && validFieldName.test(symbol)
}

function fullNameOf(json: Json, namespace: string): string {
  const own = textOf(json['namespace'])
  return qualified(json['name'] as string, own ?? namespace)
}

function qualified(name: string, namespace: string): string {
  return name.includes('.') || namespace === '' ? name : `${namespace}.${name}`
}

function namespaceOf(fullName: string): string {
  const end = fullName.lastIndexOf('.')
  return end < 0 ? '' : fullName.slice(0, end)
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function extraOf(json: Json, known: readonly string[]): ExtraAttributes {
  return Object.fromEntries(Object.entries(json).filter(([name]) => !known.includes(name)))
}
