import { string } from '../../../src/serdes/index.ts'
import { keyValueStore, sessionStore, versionedStore } from '../../../src/state/index.ts'
import type { Topology } from '../../../src/topology/topology.ts'
import { textTopology } from '../text-topologies.ts'
import { countPlainly, counts, perMinute } from './format-1.ts'

const text = { key: string(), value: string() }
const hourMs = 3_600_000

const notes = keyValueStore({ name: 'notes', ...text, ttlMs: 100 * hourMs, headers: true })
const sessions = sessionStore({ name: 'sessions', ...text, retentionMs: 100 * hourMs })
const history = versionedStore({ name: 'history', ...text, historyRetentionMs: hourMs })

/** What wrote the folder of format 2, and takes it up again. */
export function format2(): Topology {
  return textTopology({
    sources: ['in'],
    steps: [
      {
        name: 'step',
        parents: ['in'],
        stores: [counts, perMinute, notes, sessions, history],
        async process(record, context) {
          const { key, value, timestampMs } = record
          context.store(notes).put(key, value)
          context.store(sessions).put(key, timestampMs, timestampMs, value)
          await context.store(history).put(key, value, timestampMs)
          await countPlainly(record, context)
        },
      },
    ],
    sinks: { out: ['step'] },
  })
}
