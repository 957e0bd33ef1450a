import {
  isNamed,
  type AvroField,
  type AvroNamed,
  type AvroNode,
  type AvroUnion,
} from './schema-model.ts'

/**
 * A schema as JSON that stands by itself: every named type is defined where it first appears and referred to by its
 * full name after that. Key order is fixed, so that equal schemas give equal text.
 *
 * @param onUnion Is told which array stands for which union.
 */
export function schemaJson(
  node: AvroNode,
  onUnion: (json: unknown[], union: AvroUnion) => void = () => undefined,
): unknown {
  return json(node, { defined: new Set(), layoutOnly: false, onUnion })
}

/** {@link schemaJson} as text: what is registered. */
export function schemaText(node: AvroNode): string {
  return JSON.stringify(schemaJson(node))
}

/**
 * What decides how bytes are laid out and what they mean (names, types, order, sizes, symbols, logical types), without
 * documentation, aliases and defaults. Values of schemas with equal layout can be read without resolution.
 */
export function layoutText(node: AvroNode): string {
  return JSON.stringify(json(node, { defined: new Set(), layoutOnly: true }))
}

interface Writing {
  readonly defined: Set<string>
  readonly layoutOnly: boolean
  readonly onUnion?: (json: unknown[], union: AvroUnion) => void
}

function json(node: AvroNode, writing: Writing): unknown {
  if (node.kind === 'union') {
    const branches = node.branches.map((branch) => json(branch, writing))
    writing.onUnion?.(branches, node)
    return branches
  }
  const extra = writing.layoutOnly ? logicalAttributes(node) : node.extra
  if (node.kind === 'array') {
    return { type: 'array', items: json(node.items, writing), ...extra }
  }
  if (node.kind === 'map') {
    return { type: 'map', values: json(node.values, writing), ...extra }
  }
  if (isNamed(node)) return namedJson(node, writing, extra)
  return Object.keys(extra).length === 0 ? node.kind : { type: node.kind, ...extra }
}

function namedJson(node: AvroNamed, writing: Writing, extra: object): unknown {
  const { defined, layoutOnly } = writing
  if (defined.has(node.fullName)) return node.fullName
  defined.add(node.fullName)
  const end = node.fullName.lastIndexOf('.')
  const head = {
    type: node.kind,
    name: node.fullName.slice(end + 1),
    // An empty namespace is written too: within another type's namespace its absence would mean that one.
    namespace: end < 0 ? '' : node.fullName.slice(0, end),
    ...(!layoutOnly && node.doc !== undefined && { doc: node.doc }),
    ...(!layoutOnly && node.aliases.length > 0 && { aliases: node.aliases }),
  }
  if (node.kind === 'fixed') return { ...head, size: node.size, ...extra }
  if (node.kind === 'enum') {
    const fallback = !layoutOnly && node.default !== undefined ? { default: node.default } : {}
    return { ...head, symbols: node.symbols, ...fallback, ...extra }
  }
  return {
    ...head,
    fields: node.fields.map((field) => fieldJson(field, writing)),
    ...extra,
  }
}

function fieldJson(field: AvroField, writing: Writing): unknown {
  const type = json(field.type, writing)
  if (writing.layoutOnly) return { name: field.name, type }
  return {
    name: field.name,
    type,
    ...(field.doc !== undefined && { doc: field.doc }),
    ...(field.default !== undefined && { default: field.default }),
    ...(field.aliases.length > 0 && { aliases: field.aliases }),
    ...field.extra,
  }
}

function logicalAttributes(node: AvroNode): object {
  if (!('logical' in node) || node.logical === undefined) return {}
  const { name, ...rest } = node.logical
  return { logicalType: name, ...rest }
}
