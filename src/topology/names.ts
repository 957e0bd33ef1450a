import { TopologyError } from '../core/errors.ts'

const maxNameLength = 249
const legalName = /^[a-zA-Z0-9._-]+$/

/**
 * Checks the name of a node, a store or a topic.
 *
 * @throws TopologyError where Kafka would not take it as (part of) a topic name.
 * @remarks Source: Java's `Named.validate` and `Topic.validate`.
 */
export function validateName(kind: string, name: string): void {
  const problem = problemOf(name)
  if (problem === undefined) return
  throw new TopologyError(
    `The ${kind} name ${JSON.stringify(name)} is illegal: ${problem}. ` +
      `Use 1 to ${maxNameLength} of the characters a-z, A-Z, 0-9, '.', '_' and '-'.`,
  )
}

function problemOf(name: string): string | undefined {
  if (typeof name !== 'string') return 'it is not a string'
  if (name === '') return 'it is empty'
  if (name === '.' || name === '..') return "it is '.' or '..'"
  if (name.length > maxNameLength) return `it has ${name.length} characters`
  if (!legalName.test(name)) return 'it contains a character that Kafka does not allow'
  return undefined
}
