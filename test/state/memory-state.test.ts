import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { memoryState } from 'millrace/state'
import { isPromise } from '../../src/core/maybe-promise.ts'
import { stores, taskOptions } from './contract/harness.ts'

describe('memory state', () => {
  test('never answers with a promise, and has applied when apply returns', async () => {
    const state = await memoryState().openTask(taskOptions())
    const { counts, perHour, committedCounts } = stores(state)
    counts.prefetch('a')
    expect(state.loadPrefetched()).toBeUndefined()
    counts.put('a', 1)
    perHour.put('w', 1, 100_000)
    const applied = state.apply(state.seal(), new Map([['counts', 1]]))
    // Not awaited yet.
    expect(committedCounts.get('a')).toBe(1)
    expect(state.changelogOffset('counts')).toBe(1)
    const answers: unknown[] = [
      counts.get('a'),
      counts.get('b'),
      counts.getWithTimestamp('a'),
      counts.putIfAbsent('b', 2),
      counts.approximateEntries(),
      counts.range().nextBatch(),
      counts.range({ reverse: true }).close(),
      counts.prefixScan(Buffer.from('a')).nextBatch(),
      perHour.fetch('w', 100_000),
      perHour.fetchRange('w', 0, 1e9).nextBatch(),
      perHour.all().nextBatch(),
      perHour.all().close(),
      committedCounts.range().nextBatch(),
      state.statistics(),
    ]
    expect(answers.map((answer) => isPromise(answer))).toEqual(answers.map(() => false))
    await applied
  })

  test('loads no RocksDB', async () => {
    const entry = fileURLToPath(new URL('../../src/state/index.ts', import.meta.url))
    const script =
      `await import(${JSON.stringify(entry)});` +
      "const { createRequire } = await import('node:module');" +
      'const loaded = Object.keys(createRequire(import.meta.url).cache);' +
      "console.log(JSON.stringify(loaded.filter((path) => path.includes('rocksdb'))))"
    const { NODE_OPTIONS: _, ...env } = process.env
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '-e', script],
      { env },
    )
    expect(JSON.parse(stdout)).toEqual([])
  })
})
