import { branchName } from './parse-schema.ts'
import {
  typeText,
  type AvroEnum,
  type AvroField,
  type AvroFixed,
  type AvroNamed,
  type AvroNode,
  type AvroRecord,
  type AvroUnion,
} from './schema-model.ts'

/** The rules by which a reader's schema can fail to read a writer's; Java's names where Java has the rule. */
export type IncompatibilityRule =
  | 'TYPE_MISMATCH'
  | 'NAME_MISMATCH'
  | 'READER_FIELD_MISSING_DEFAULT_VALUE'
  | 'MISSING_ENUM_SYMBOLS'
  | 'MISSING_UNION_BRANCH'
  | 'FIXED_SIZE_MISMATCH'
  | 'DECIMAL_SCALE_MISMATCH'
  | 'AMBIGUOUS_ALIAS'

/** One reason why a reader's schema cannot read what a writer's schema wrote. */
export interface Incompatibility {
  readonly rule: IncompatibilityRule
  /** The field in the reader's schema: `lines[].price`; empty for the schema itself. */
  readonly path: string
  /** What the reader has there and what the writer has, as a message prints them. */
  readonly reader: string
  readonly writer: string
}

/**
 * The reasons why values written with one schema cannot be read with another; empty where they can.
 *
 * @remarks Source: the Avro specification, "Schema Resolution"; rules named as in
 * `org.apache.avro.SchemaCompatibility`.
 */
export function readIncompatibilities(reader: AvroNode, writer: AvroNode): Incompatibility[] {
  return check(reader, writer, '', new Map())
}

/** Pairs of records under way or done; a recursive schema meets them again and need not look twice. */
type Seen = Map<AvroNode, Set<AvroNode>>

/** What a writer's primitive may be read as, besides itself. */
const promotions: Readonly<Record<string, readonly string[]>> = {
  int: ['long', 'float', 'double'],
  long: ['float', 'double'],
  float: ['double'],
  string: ['bytes'],
  bytes: ['string'],
}

function check(reader: AvroNode, writer: AvroNode, path: string, seen: Seen): Incompatibility[] {
  if (writer.kind === 'union') {
    return writer.branches.flatMap((branch) => check(reader, branch, path, seen))
  }
  if (reader.kind === 'union') return checkUnion(reader, writer, path, seen)
  if (reader.kind === 'record' && writer.kind === 'record') {
    return checkRecord(reader, writer, path, seen)
  }
  if (reader.kind === 'enum' && writer.kind === 'enum') return checkEnum(reader, writer, path)
  if (reader.kind === 'fixed' && writer.kind === 'fixed') return checkFixed(reader, writer, path)
  if (reader.kind === 'array' && writer.kind === 'array') {
    return check(reader.items, writer.items, `${path}[]`, seen)
  }
  if (reader.kind === 'map' && writer.kind === 'map') {
    return check(reader.values, writer.values, `${path}{}`, seen)
  }
  const readable =
    reader.kind === writer.kind || (promotions[writer.kind]?.includes(reader.kind) ?? false)
  if (!readable) return [between('TYPE_MISMATCH', reader, writer, path)]
  return checkDecimal(reader, writer, path)
}

function between(
  rule: IncompatibilityRule,
  reader: AvroNode,
  writer: AvroNode,
  path: string,
): Incompatibility {
  return { rule, path, reader: typeText(reader), writer: typeText(writer) }
}

function checkUnion(
  reader: AvroUnion,
  writer: AvroNode,
  path: string,
  seen: Seen,
): Incompatibility[] {
  let near: Incompatibility[] | undefined
  for (const branch of reader.branches) {
    // A branch that fails must leave no trace of pairs that only counted as readable while it was looked at.
    const found = check(branch, writer, path, copyOf(seen))
    if (found.length === 0) return []
    if (branchName(branch) === branchName(writer)) near = found
  }
  return near ?? [between('MISSING_UNION_BRANCH', reader, writer, path)]
}

function copyOf(seen: Seen): Seen {
  return new Map([...seen].map(([reader, writers]) => [reader, new Set(writers)]))
}

function checkName(reader: AvroNamed, writer: AvroNamed, path: string): Incompatibility[] {
  if (reader.fullName === writer.fullName || reader.aliases.includes(writer.fullName)) return []
  return [between('NAME_MISMATCH', reader, writer, path)]
}

function checkRecord(
  reader: AvroRecord,
  writer: AvroRecord,
  path: string,
  seen: Seen,
): Incompatibility[] {
  const renamed = checkName(reader, writer, path)
  if (renamed.length > 0) return renamed
  const writers = seen.get(reader)
  if (writers?.has(writer)) return []
  if (writers) writers.add(writer)
  else seen.set(reader, new Set([writer]))
  return reader.fields.flatMap((field) => checkField(field, writer, path, seen))
}

function checkField(
  field: AvroField,
  writer: AvroRecord,
  path: string,
  seen: Seen,
): Incompatibility[] {
  const at = path === '' ? field.name : `${path}.${field.name}`
  const names = new Set([field.name, ...field.aliases])
  const matches = writer.fields.filter((candidate) => names.has(candidate.name))
  if (matches.length > 1) {
    const writerText = matches.map((match) => match.name).join(' and ')
    const readerText = [...names].join(', ')
    return [{ rule: 'AMBIGUOUS_ALIAS', path: at, reader: readerText, writer: writerText }]
  }
  const match = matches[0]
  if (match) return check(field.type, match.type, at, seen)
  if (field.default !== undefined) return []
  return [
    {
      rule: 'READER_FIELD_MISSING_DEFAULT_VALUE',
      path: at,
      reader: `${typeText(field.type)} without a default`,
      writer: 'no such field',
    },
  ]
}

function checkEnum(reader: AvroEnum, writer: AvroEnum, path: string): Incompatibility[] {
  const renamed = checkName(reader, writer, path)
  if (renamed.length > 0) return renamed
  const missing = writer.symbols.filter((symbol) => !reader.symbols.includes(symbol))
  if (missing.length === 0 || reader.default !== undefined) return []
  return [
    {
      rule: 'MISSING_ENUM_SYMBOLS',
      path,
      reader: `${typeText(reader)} without ${missing.join(', ')} and without a default`,
      writer: `${typeText(writer)} with ${missing.join(', ')}`,
    },
  ]
}

function checkFixed(reader: AvroFixed, writer: AvroFixed, path: string): Incompatibility[] {
  const renamed = checkName(reader, writer, path)
  if (renamed.length > 0) return renamed
  if (reader.size !== writer.size) return [between('FIXED_SIZE_MISMATCH', reader, writer, path)]
  return checkDecimal(reader, writer, path)
}

/** Another scale would change every amount by a power of ten without a word. */
function checkDecimal(reader: AvroNode, writer: AvroNode, path: string): Incompatibility[] {
  const read = 'logical' in reader ? reader.logical : undefined
  const written = 'logical' in writer ? writer.logical : undefined
  if (read?.name !== 'decimal' || written?.name !== 'decimal' || read.scale === written.scale) {
    return []
  }
  return [between('DECIMAL_SCALE_MISMATCH', reader, writer, path)]
}
