import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MemoryEntries } from '../../src/state/memory/memory-entries.ts'
import { CommittedReader } from '../../src/state/entry-reader.ts'
import { afterPrefix, compareKeys } from '../../src/state/key-bytes.ts'
import { LayerEntry } from '../../src/state/layer-entry.ts'
import { StoreLayer } from '../../src/state/store-layer.ts'
import type { ScannedEntry } from '../../src/state/stored-entry.ts'
import {
  keyOfWindow,
  segmentPrefix,
  startOfWindow,
  windowStorageKey,
} from '../../src/state/window-keys.ts'
import { TimeOrderScan } from '../../src/state/time-order-scan.ts'

test('walks a segment by start, then key, however few keys are sorted at a time', async () => {
  const window = fc.record({ key: fc.constantFrom('a', 'b', 'a\0', '\xff'), start: fc.nat(40) })
  await fc.assert(
    fc.asyncProperty(
      fc.array(window, { maxLength: 120 }),
      fc.integer({ min: 1, max: 30 }),
      fc.nat(40),
      fc.nat(40),
      async (windows, keysMax, fromMs, toMs) => {
        const entries = new MemoryEntries({
          name: 'windows',
          kind: 'window',
          changelogTopic: 'changelog',
          segmentIntervalMs: 1000,
          variant: undefined,
          restorable: true,
          resolveValues: () => undefined,
          resolveScanned: () => undefined,
        })
        const layer = new StoreLayer()
        for (const { key, start } of windows) {
          const entry = new LayerEntry(Buffer.alloc(0), Buffer.from(key), start)
          layer.put(windowStorageKey(1000, key, start), entry)
        }
        entries.commit({ storeName: 'windows', layer, dropBelow: undefined, keep: true })
        const from = segmentPrefix(1000, 0)
        const scan = new TimeOrderScan(
          new CommittedReader(entries, () => undefined),
          { from, to: afterPrefix(from), reverse: false },
          (stored) => {
            const start = startOfWindow(stored)
            if (start < fromMs || start > toMs) return undefined
            return { stored, time: stored.slice(-8), key: keyOfWindow(stored), rest: '' }
          },
          keysMax,
        )
        const seen: ScannedEntry[] = []
        for (;;) {
          const batch = await scan.nextBatch()
          if (batch.length === 0) break
          seen.push(...batch)
        }
        const unique = new Map(windows.map((each) => [`${each.start} ${each.key}`, each]))
        const expected = [...unique.values()]
          .filter(({ start }) => start >= fromMs && start <= toMs)
          .sort((a, b) => a.start - b.start || compareKeys(a.key, b.key))
        expect(
          seen.map(({ key }) => ({ key: keyOfWindow(key), start: startOfWindow(key) })),
        ).toEqual(expected)
      },
    ),
  )
})
