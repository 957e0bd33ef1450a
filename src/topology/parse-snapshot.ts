import { TopologyError, messageOf } from '../core/errors.ts'
import { snapshotFormat, type TopologySnapshot } from './topology-snapshot.ts'

/**
 * Reads a snapshot that `describe({ format: 'json' })` gave.
 *
 * @throws TopologyError for text that is none, or that another version of Millrace wrote in another form.
 */
export function parseSnapshot(text: string): TopologySnapshot {
  let snapshot: Partial<TopologySnapshot>
  try {
    snapshot = (JSON.parse(text) ?? {}) as Partial<TopologySnapshot>
  } catch (cause) {
    throw new TopologyError(`It is no JSON: ${messageOf(cause)}`, { cause })
  }
  const format: unknown = snapshot.format
  if (format === undefined) {
    throw new TopologyError('It is no snapshot of a topology: it names no format')
  }
  if (format !== snapshotFormat) {
    throw new TopologyError(
      `It is a snapshot of format ${JSON.stringify(format)} where this version writes ${String(snapshotFormat)}; ` +
        'compare with the version that wrote it, then write it anew',
    )
  }
  for (const part of ['subTopologies', 'stores', 'globalStores', 'internalTopics'] as const) {
    if (!Array.isArray(snapshot[part])) {
      throw new TopologyError(`It is no snapshot of a topology: it has no list of ${part}`)
    }
  }
  return snapshot as TopologySnapshot
}
