import { describe, expect, test } from 'vitest'
import { json, string } from 'millrace/serdes'
import { keyValueStore, windowStore } from 'millrace/state'
import { ConfigError } from '../../src/core/errors.ts'

const key = string()
const value = json<number>()

describe('store declarations', () => {
  test('have defaults', () => {
    expect(keyValueStore({ name: 'counts', key, value })).toEqual({
      kind: 'key-value',
      storeName: 'counts',
      engine: 'default',
      key,
      value,
      logging: { enabled: true, everyUpdate: false, topicConfig: {} },
    })
    const window = windowStore({ name: 'per-hour', key, value, windowSizeMs: 3_600_000 })
    expect(window).toMatchObject({
      kind: 'window',
      windowSizeMs: 3_600_000,
      retentionMs: 86_400_000,
    })
    const long = windowStore({ name: 'per-week', key, value, windowSizeMs: 604_800_000 })
    expect(long.retentionMs).toBe(604_800_000)
  })

  test('take an engine and logging', () => {
    const off = keyValueStore({ name: 'a', key, value, engine: 'memory', logging: false })
    expect(off.engine).toBe('memory')
    expect(off.logging.enabled).toBe(false)
    const each = windowStore({
      name: 'b',
      key,
      value,
      windowSizeMs: 1,
      retentionMs: 5,
      logging: { everyUpdate: true, topicConfig: { 'retention.ms': '1' } },
    })
    expect(each.logging).toEqual({
      enabled: true,
      everyUpdate: true,
      topicConfig: { 'retention.ms': '1' },
    })
  })

  test.each(['', 'has space', 'ünicode', 'a/b', 'x'.repeat(201)])(
    'refuse the name %j, which no topic could have',
    (name) => {
      expect(() => keyValueStore({ name, key, value })).toThrow(ConfigError)
      expect(() => windowStore({ name, key, value, windowSizeMs: 1 })).toThrow(ConfigError)
    },
  )

  test('refuse sizes and retentions that cannot be', () => {
    const declare = (windowSizeMs: number, retentionMs?: number) => () =>
      windowStore({
        name: 'w',
        key,
        value,
        windowSizeMs,
        ...(retentionMs === undefined ? {} : { retentionMs }),
      })
    expect(declare(0)).toThrow(/window store w has windowSizeMs 0/)
    expect(declare(1.5)).toThrow(ConfigError)
    expect(declare(100, 99)).toThrow(/retentionMs 99: it must be at least windowSizeMs, 100/)
    expect(declare(100, Number.NaN)).toThrow(ConfigError)
  })
})
