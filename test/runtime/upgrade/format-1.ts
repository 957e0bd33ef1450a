import { string } from '../../../src/serdes/index.ts'
import { keyValueStore, windowStore } from '../../../src/state/index.ts'
import type { Topology } from '../../../src/topology/topology.ts'
import { textTopology, type TextContext, type TextRecord } from '../text-topologies.ts'

const text = { key: string(), value: string() }
const minuteMs = 60_000

export const counts = keyValueStore({ name: 'counts', ...text })
export const perMinute = windowStore({
  name: 'per-minute',
  ...text,
  windowSizeMs: minuteMs,
  retentionMs: 60 * minuteMs,
})

/** Counts by key, and by key and minute, in the stores that format 1 of a state folder can hold. */
export async function countPlainly(record: TextRecord, context: TextContext): Promise<void> {
  const key = record.key
  const store = context.store(counts)
  const next = String(Number((await store.get(key)) ?? '0') + 1)
  store.put(key, next)
  const windows = context.store(perMinute)
  const startMs = record.timestampMs - (record.timestampMs % minuteMs)
  windows.put(key, String(Number((await windows.fetch(key, startMs)) ?? '0') + 1), startMs)
  await context.forward(record.withValue(next))
}

/** What wrote the folder of format 1, and takes it up again. */
export function format1(): Topology {
  const step = { name: 'step', parents: ['in'], stores: [counts, perMinute] }
  return textTopology({
    sources: ['in'],
    steps: [{ ...step, process: countPlainly }],
    sinks: { out: ['step'] },
  })
}
