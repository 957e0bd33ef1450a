import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { ConfigError, messageOf } from '../core/errors.ts'
import { nearestName } from '../core/nearest-name.ts'
import { topologyChanges } from '../topology/compatibility.ts'
import { parseSnapshot } from '../topology/parse-snapshot.ts'
import type { TopologyChange } from '../topology/topology-change.ts'
import type { TopologySnapshot } from '../topology/topology-snapshot.ts'
import type { Topology } from '../topology/topology.ts'

/** What `millrace diff` was asked for. */
export interface DiffOptions {
  readonly topology: Topology
  /** The file of the snapshot. */
  readonly snapshot: string
  /** Whether the snapshot is to be what the topology is now. */
  readonly update: boolean
  /** Names of stores and topics whose state may be orphaned. */
  readonly allow: readonly string[]
}

/**
 * Compares a topology with the snapshot that was committed of it, and says what changes. Gives whether the change may
 * be made: no state is orphaned but where that is allowed. Only then is the snapshot updated.
 *
 * @throws ConfigError where there is no snapshot, or it cannot be read, or nothing of an allowed name changes
 */
export function runDiff(options: DiffOptions, print: (line: string) => void): boolean {
  const { topology, snapshot: file, update, allow } = options
  const text = topology.describe({ format: 'json' })
  if (!existsSync(file)) {
    if (!update) {
      throw new ConfigError(
        `There is no snapshot ${file} to compare with: write it with millrace diff --update, and commit it`,
      )
    }
    writeFileSync(file, text)
    print(`wrote ${file}`)
    return true
  }
  const changes = topologyChanges(readSnapshot(file), parseSnapshot(text))
  refuseIdleAllowances(allow, changes)
  const refused = changes.filter(({ orphansState, name }) => orphansState && !allow.includes(name))
  for (const change of changes) for (const line of linesOf(change, allow)) print(line)
  if (refused.length > 0) {
    const names = [...new Set(refused.map(({ name }) => name))]
    print(
      `refused: state would be orphaned; ${names.map((name) => `--allow ${name}`).join(' ')} lets it be`,
    )
    return false
  }
  if (update && readFileSync(file, 'utf8') !== text) {
    writeFileSync(file, text)
    print(`wrote ${file}`)
  } else if (changes.length === 0) {
    print(`the topology is what ${file} says`)
  }
  return true
}

function readSnapshot(file: string): TopologySnapshot {
  try {
    return parseSnapshot(readFileSync(file, 'utf8'))
  } catch (cause) {
    throw new ConfigError(`Cannot compare with ${file}: ${messageOf(cause)}`, { cause })
  }
}

/** A name by which nothing is allowed was meant for something else. */
function refuseIdleAllowances(allow: readonly string[], changes: readonly TopologyChange[]): void {
  const names = new Set(changes.filter((each) => each.orphansState).map(({ name }) => name))
  for (const name of allow) {
    if (names.has(name)) continue
    const nearest = nearestName(name, names)
    const hint = nearest
      ? `did you mean ${nearest}?`
      : `what would orphan state is ${[...names].join(', ') || 'nothing'}`
    throw new ConfigError(`--allow names ${name}, of which no state would be orphaned; ${hint}`)
  }
}

const signs = { added: '+', removed: '-', changed: '~' } as const

function linesOf(change: TopologyChange, allow: readonly string[]): string[] {
  const { how, name, orphansState, text, advice } = change
  if (!orphansState) return [`${signs[how]} ${text}`]
  if (allow.includes(name)) return [`${signs[how]} ${text} (allowed)`]
  return [`! ${text}`, ...(advice === undefined ? [] : [`    ${advice}`])]
}
