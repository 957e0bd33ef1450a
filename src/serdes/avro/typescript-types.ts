import { isWrappedUnion } from './branch-kinds.ts'
import { branchName } from './parse-schema.ts'
import type { AvroRepresentation } from './representation.ts'
import { shortName, type AvroNamed, type AvroNode } from './schema-model.ts'

/** What the TypeScript of a schema depends on besides the schema. */
export interface TypeScriptContext {
  readonly representation: AvroRepresentation
  /** The TypeScript name of each named type, by full name. */
  readonly names: ReadonlyMap<string, string>
}

/** TypeScript names for named types: the short name, or the whole one where two types share it. */
export function typeScriptNames(types: Iterable<AvroNamed>): ReadonlyMap<string, string> {
  const all = [...types].map((type) => type.fullName)
  const count = new Map<string, number>()
  for (const name of all) count.set(shortName(name), (count.get(shortName(name)) ?? 0) + 1)
  return new Map(
    all.map((name) => [
      name,
      count.get(shortName(name)) === 1 ? shortName(name) : pascalCase(name),
    ]),
  )
}

/** `millrace.shop.money` → `MillraceShopMoney`; `purchase-recorded` → `PurchaseRecorded`. */
export function pascalCase(text: string): string {
  return text
    .split(/[^A-Za-z0-9_]+/)
    .filter((part) => part !== '')
    .map((part) => part[0]!.toUpperCase() + part.slice(1))
    .join('')
}

/** The declaration of a named type: an interface for a record, an alias for the others. */
export function typeDeclaration(type: AvroNamed, context: TypeScriptContext): string {
  const name = context.names.get(type.fullName)!
  const head = comment(type.doc, '')
  if (type.kind === 'record') {
    const fields = type.fields.map(
      (field) =>
        `${comment(field.doc, '  ')}  readonly ${field.name}: ${typeScript(field.type, context)}\n`,
    )
    const body = fields.length === 0 ? '{}' : `{\n${fields.join('')}}`
    return `${head}export interface ${name} ${body}\n`
  }
  return `${head}export type ${name} = ${named(type)}\n`
}

/** The type of the values of a schema. */
export function typeScript(node: AvroNode, context: TypeScriptContext): string {
  const { representation } = context
  const logical = 'logical' in node ? node.logical?.name : undefined
  if (logical !== undefined && !('fullName' in node)) {
    if (logical === 'decimal' || logical === 'uuid') return 'string'
    return representation.dates === 'date' ? 'Date' : 'number'
  }
  switch (node.kind) {
    case 'int':
    case 'float':
    case 'double':
      return 'number'
    case 'long':
      return representation.long === 'bigint' ? 'bigint' : 'number'
    case 'bytes':
      return 'Buffer'
    case 'null':
    case 'boolean':
    case 'string':
      return node.kind
    case 'array':
      return `readonly ${inParentheses(typeScript(node.items, context))}[]`
    case 'map':
      return `Readonly<Record<string, ${typeScript(node.values, context)}>>`
    case 'union':
      return unionType(node.branches, context)
    default:
      return context.names.get(node.fullName)!
  }
}

function unionType(branches: readonly AvroNode[], context: TypeScriptContext): string {
  const wrapped = isWrappedUnion(branches, context.representation)
  return branches
    .map((branch) => {
      const type = typeScript(branch, context)
      if (!wrapped || branch.kind === 'null')
        return type.startsWith('readonly ') ? `(${type})` : type
      return `{ readonly ${propertyName(branchName(branch))}: ${type} }`
    })
    .join(' | ')
}

function named(type: AvroNamed): string {
  if (type.kind === 'enum') return type.symbols.map((symbol) => `'${symbol}'`).join(' | ')
  return type.kind === 'fixed' && type.logical !== undefined ? 'string' : 'Buffer'
}

function propertyName(name: string): string {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) ? name : `'${name}'`
}

function inParentheses(type: string): string {
  return /[ |]/.test(type) && !type.endsWith('>') && !type.endsWith('}') ? `(${type})` : type
}

/** A documentation comment, or nothing. */
export function comment(doc: string | undefined, indent: string): string {
  if (doc === undefined || doc.trim() === '') return ''
  const lines = doc
    .trim()
    .replaceAll('*/', '*\\/')
    .split(/\r?\n/)
    .map((line) => line.trimEnd())
  if (lines.length === 1) return `${indent}/** ${lines[0]} */\n`
  return `${indent}/**\n${lines.map((line) => `${indent} * ${line}`.trimEnd() + '\n').join('')}${indent} */\n`
}
