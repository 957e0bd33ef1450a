import type { Compatibility } from '../schema-registry.ts'
import { readIncompatibilities, type Incompatibility } from './can-read.ts'
import type { AvroNode } from './schema-model.ts'

/** An earlier version that a new schema is held against. */
export interface EarlierVersion {
  /** As messages name it: `version 3`, a file's name. */
  readonly name: string
  readonly schema: AvroNode
}

/** All compatibility levels, as Confluent's registry names them. */
export const compatibilityLevels: readonly Compatibility[] = [
  'NONE',
  'BACKWARD',
  'BACKWARD_TRANSITIVE',
  'FORWARD',
  'FORWARD_TRANSITIVE',
  'FULL',
  'FULL_TRANSITIVE',
]

/**
 * The reasons why a schema may not follow earlier ones under a compatibility level; empty where it may. Each reason
 * names the rule, the version and the field.
 *
 * @param earlier Oldest first; a level that is not transitive looks at the last one only.
 */
export function compatibilityReasons(
  level: Compatibility,
  schema: AvroNode,
  earlier: readonly EarlierVersion[],
): string[] {
  if (level === 'NONE') return []
  const against = level.endsWith('_TRANSITIVE') ? earlier : earlier.slice(-1)
  const backward = level.startsWith('BACKWARD') || level.startsWith('FULL')
  const forward = level.startsWith('FORWARD') || level.startsWith('FULL')
  return against.flatMap((version) => [
    ...(backward
      ? readIncompatibilities(schema, version.schema).map(
          (found) => `${level} against ${version.name}: ${backwardText(found)}`,
        )
      : []),
    ...(forward
      ? readIncompatibilities(version.schema, schema).map(
          (found) => `${level} against ${version.name}: ${forwardText(found)}`,
        )
      : []),
  ])
}

function place(found: Incompatibility): string {
  return found.path === '' ? 'the schema itself' : `field ${found.path}`
}

/** The new schema reads what the earlier one wrote. */
function backwardText(found: Incompatibility): string {
  const what =
    found.rule === 'READER_FIELD_MISSING_DEFAULT_VALUE'
      ? 'is new and has no default, which earlier records need'
      : `cannot read earlier records: it is ${found.reader}, they hold ${found.writer}`
  return `${place(found)} ${what} (${found.rule})`
}

/** The earlier schema reads what the new one writes. */
function forwardText(found: Incompatibility): string {
  const what =
    found.rule === 'READER_FIELD_MISSING_DEFAULT_VALUE'
      ? 'is gone, and earlier readers have no default for it'
      : `cannot be read by earlier readers: it is ${found.writer}, they expect ${found.reader}`
  return `${place(found)} ${what} (${found.rule})`
}
