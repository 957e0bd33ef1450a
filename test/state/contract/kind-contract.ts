import fc from 'fast-check'
import { expect } from 'vitest'
import { json } from 'millrace/serdes'
import {
  keyValueStore,
  sessionStore,
  versionedStore,
  windowStore,
  type KeyValueStore,
  type SessionStore,
  type StoreSpec,
  type VersionedStore,
  type WindowStore,
} from 'millrace/state'
import { compareKeys } from '../../../src/state/key-bytes.ts'
import { all, byteText, type Engine } from './harness.ts'
import { kindProperties, type Kind } from './kind-runner.ts'

/** The properties of all kinds of store beyond the plain key-value store. */
export function kindContract(engine: Engine): void {
  kindProperties(engine, sessions)
  kindProperties(engine, duplicates)
  kindProperties(engine, versions)
  kindProperties(engine, timed(undefined))
  kindProperties(engine, timed(true))
}

// Keys of which one begins with another, and one is followed by what a time begins with.
const key = fc.constantFrom('a', 'a\0', 'b', '\xff', `a${'\0'.repeat(8)}`)
const value = fc.option(fc.nat(99), { nil: null, freq: 4 })

// A segment spans a minute at least: times are some seconds apart, so that writes fall into several.
const second = 1000
const times = fc.nat(600).map((seconds) => seconds * second)
const retentionMs = 150 * second

interface Session {
  readonly key: string
  readonly startMs: number
  readonly endMs: number
  readonly value: number
}

interface SessionModel {
  observedMs: number
  sessions: Session[]
}

type SessionWrite = Omit<Session, 'value'> & { readonly value: number | null }

const bySessionOrder = (a: Session, b: Session): number =>
  a.endMs - b.endMs || a.startMs - b.startMs || compareKeys(a.key, b.key)

const sessions: Kind<SessionStore<string, number>, SessionModel, SessionWrite> = {
  title: 'session store',
  spec: spec(sessionStore({ name: 's', key: byteText, value: json<number>(), retentionMs })),
  write: fc
    .record({ key, startMs: times, lengthMs: fc.nat(60).map((length) => length * second), value })
    .map(({ key, startMs, lengthMs, value }) => ({
      key,
      startMs,
      endMs: startMs + lengthMs,
      value,
    })),
  empty: () => ({ observedMs: -1, sessions: [] }),
  async put(store, model, { key, startMs, endMs, value }) {
    store.prefetch(key, startMs, endMs)
    store.put(key, startMs, endMs, value)
    model.observedMs = Math.max(model.observedMs, endMs)
    if (endMs <= model.observedMs - retentionMs) return
    const others = model.sessions.filter(
      (each) => each.key !== key || each.startMs !== startMs || each.endMs !== endMs,
    )
    model.sessions = value === null ? others : [...others, { key, startMs, endMs, value }]
  },
  async compare(store, { observedMs, sessions }) {
    const live = sessions
      .filter(({ endMs }) => endMs > observedMs - retentionMs)
      .sort(bySessionOrder)
    expect(await all(store.all())).toEqual(live)
    expect(await all(store.all({ reverse: true }))).toEqual(live.toReversed())
    const [from, to] = [observedMs - 100 * second, observedMs - 20 * second]
    const ended = live.filter(({ endMs }) => endMs >= from && endMs <= to)
    expect(await all(store.findSessionsByEnd(from, to))).toEqual(ended)
    const touched = live.filter(({ endMs, startMs }) => endMs >= from && startMs <= to)
    for (const key of ['a', 'a\0', 'c']) {
      const own = touched.filter((each) => each.key === key)
      expect(await all(store.findSessions(key, from, to))).toEqual(own)
      expect(await all(store.findSessions(key, from, to, { reverse: true }))).toEqual(
        own.toReversed(),
      )
      expect(await all(store.fetch(key))).toEqual(live.filter((each) => each.key === key))
    }
    expect(await all(store.findSessionsOfKeys({ from: 'a\0', to: 'b' }, from, to))).toEqual(
      touched.filter(({ key }) => key >= 'a\0' && key <= 'b'),
    )
    for (const { key, startMs, endMs, value } of live) {
      expect(await store.fetchSession(key, startMs, endMs)).toBe(value)
    }
    expect(await store.fetchSession('c', 0, 1)).toBeUndefined()
  },
  contents: (store) => all(store.all()),
}

interface Put {
  readonly key: string
  readonly windowStartMs: number
  readonly value: number
}

interface DuplicatesModel {
  observedMs: number
  puts: Put[]
}

type DuplicateWrite = Omit<Put, 'value'> & { readonly value: number | null }

const duplicates: Kind<WindowStore<string, number>, DuplicatesModel, DuplicateWrite> = {
  title: 'window store that retains duplicates',
  spec: spec(
    windowStore({
      name: 'w',
      key: byteText,
      value: json<number>(),
      windowSizeMs: 10,
      retentionMs,
      retainDuplicates: true,
    }),
  ),
  write: fc.record({
    key,
    windowStartMs: fc.nat(60).map((tens) => tens * 10 * second),
    value,
  }),
  empty: () => ({ observedMs: -1, puts: [] }),
  async put(store, model, { key, windowStartMs, value }) {
    store.put(key, value, windowStartMs)
    if (value === null) return
    model.observedMs = Math.max(model.observedMs, windowStartMs)
    if (windowStartMs <= model.observedMs - retentionMs) return
    model.puts.push({ key, windowStartMs, value })
  },
  async compare(store, { observedMs, puts }) {
    // A stable sort: what was put first under a key and start comes first.
    const live = puts
      .filter(({ windowStartMs }) => windowStartMs > observedMs - retentionMs)
      .sort((a, b) => a.windowStartMs - b.windowStartMs || compareKeys(a.key, b.key))
    const read = async (iterator: ReturnType<typeof store.all>): Promise<Put[]> =>
      (await all(iterator)).map(({ key, windowStartMs, value }) => ({ key, windowStartMs, value }))
    expect(await read(store.all())).toEqual(live)
    expect(await read(store.all({ reverse: true }))).toEqual(live.toReversed())
    const [from, to] = [observedMs - 100 * second, observedMs - 20 * second]
    const within = live.filter((put) => put.windowStartMs >= from && put.windowStartMs <= to)
    expect(await read(store.fetchAll(from, to))).toEqual(within)
    const between = within.filter((put) => put.key >= 'a\0' && put.key <= 'b')
    expect(await read(store.fetchKeyRange({ from: 'a\0', to: 'b' }, from, to))).toEqual(between)
    expect(
      await read(store.fetchKeyRange({ from: 'a\0', to: 'b', reverse: true }, from, to)),
    ).toEqual(between.toReversed())
    for (const key of ['a', 'a\0', 'c']) {
      const own = within.filter((put) => put.key === key)
      expect(await read(store.fetchRange(key, from, to))).toEqual(own)
      expect(await read(store.fetchRange(key, from, to, { reverse: true }))).toEqual(
        own.toReversed(),
      )
      const first = own[0]?.windowStartMs ?? Math.max(0, observedMs)
      const last = live.findLast((put) => put.key === key && put.windowStartMs === first)
      expect(await store.fetch(key, first)).toBe(last?.value)
    }
  },
  contents: (store) => all(store.all()),
}

interface Version {
  readonly timestampMs: number
  readonly value: number | null
}

interface VersionsModel {
  observedMs: number
  /** Every version that was taken, by time. */
  readonly byKey: Map<string, Version[]>
}

type VersionWrite = Version & { readonly key: string }

const versions: Kind<VersionedStore<string, number>, VersionsModel, VersionWrite> = {
  title: 'versioned store',
  spec: spec(
    versionedStore({
      name: 'v',
      key: byteText,
      value: json<number>(),
      historyRetentionMs: retentionMs,
    }),
  ),
  write: fc.record({ key, timestampMs: times, value }),
  empty: () => ({ observedMs: -1, byKey: new Map() }),
  async put(store, model, { key, timestampMs, value }) {
    if (timestampMs % 2000 === 0) store.prefetch(key)
    const result = await store.put(key, value, timestampMs)
    if (timestampMs < model.observedMs - retentionMs) {
      expect(result).toEqual({ written: false })
      return
    }
    model.observedMs = Math.max(model.observedMs, timestampMs)
    const others = (model.byKey.get(key) ?? []).filter((each) => each.timestampMs !== timestampMs)
    const next = others.find((each) => each.timestampMs > timestampMs)?.timestampMs
    const validTo = next === undefined ? {} : { validToMs: next }
    expect(result).toEqual({ written: true, ...validTo })
    const taken = [...others, { timestampMs, value }]
    model.byKey.set(
      key,
      taken.sort((a, b) => a.timestampMs - b.timestampMs),
    )
  },
  async compare(store, model) {
    const historyFromMs = model.observedMs - retentionMs
    const latest: unknown[] = []
    for (const key of [...model.byKey.keys()].sort(compareKeys)) {
      const shown = shownVersions(model.byKey.get(key) ?? [], historyFromMs)
      expect(await all(store.versions(key))).toEqual(shown)
      expect(await all(store.versions(key, { reverse: true }))).toEqual(shown.toReversed())
      const [fromMs, toMs] = [model.observedMs - 100 * second, model.observedMs - 20 * second]
      expect(await all(store.versions(key, { fromMs, toMs }))).toEqual(
        shown.filter(({ timestampMs, validToMs = Infinity }) => {
          return timestampMs <= toMs && validToMs > fromMs
        }),
      )
      const last = shown.at(-1)
      const current = last?.validToMs === undefined ? last : undefined
      expect(await store.get(key)).toEqual(current)
      if (current) latest.push({ key, ...current })
      for (let asOfMs = 0; asOfMs <= model.observedMs + second; asOfMs += 37 * second) {
        const valid = shown.find(({ timestampMs, validToMs = Infinity }) => {
          return timestampMs <= asOfMs && asOfMs < validToMs
        })
        const seen = asOfMs < historyFromMs && valid?.validToMs !== undefined ? undefined : valid
        expect(await store.get(key, asOfMs)).toEqual(seen)
      }
    }
    expect(await all(store.all())).toEqual(latest)
    expect(await all(store.range({ reverse: true }))).toEqual(latest.toReversed())
    const inRange = (latest as { key: string }[]).filter(({ key }) => key >= 'a\0' && key <= 'b')
    expect(await all(store.range({ from: 'a\0', to: 'b' }))).toEqual(inRange)
    const prefixed = (latest as { key: string }[]).filter(({ key }) => key.startsWith('a'))
    expect(await all(store.prefixScan(Buffer.from('a')))).toEqual(prefixed)
    expect(await store.get('c')).toBeUndefined()
  },
  async contents(store) {
    const keys = ['a', 'a\0', 'b', '\xff', `a${'\0'.repeat(8)}`]
    const histories = []
    for (const key of keys) histories.push(await all(store.versions(key)))
    return { latest: await all(store.all()), histories }
  },
}

interface ShownVersion {
  readonly value: number
  readonly timestampMs: number
  readonly validToMs?: number
}

/** The versions that history still shows, as the store answers them. */
function shownVersions(versions: readonly Version[], historyFromMs: number): ShownVersion[] {
  const shown: ShownVersion[] = []
  versions.forEach(({ timestampMs, value }, at) => {
    const validToMs = versions[at + 1]?.timestampMs
    if (value === null || (validToMs !== undefined && validToMs <= historyFromMs)) return
    shown.push({ value, timestampMs, ...(validToMs === undefined ? {} : { validToMs }) })
  })
  return shown
}

interface TimedModel {
  observedMs: number
  readonly entries: Map<string, { readonly value: number; readonly timestampMs: number }>
}

interface TimedWrite {
  readonly key: string
  readonly value: number | null
  /** How much older than stream time the record is. */
  readonly ageMs: number
}

const ttlMs = 100

function timed(
  headers: true | undefined,
): Kind<KeyValueStore<string, number>, TimedModel, TimedWrite> {
  const headersOf = (value: number): object =>
    headers ? { headers: [{ key: 'h', value: Buffer.of(value) }] } : {}
  const live = ({ observedMs, entries }: TimedModel, streamTimeMs: number): object[] =>
    [...entries]
      .filter(([, entry]) => entry.timestampMs + ttlMs > Math.max(observedMs, streamTimeMs))
      .sort(([a], [b]) => compareKeys(a, b))
      .map(([key, entry]) => ({ key, ...entry, ...headersOf(entry.value) }))
  return {
    title: `key-value store with a TTL${headers ? ' and headers' : ''}`,
    spec: spec(
      keyValueStore({
        name: 'k',
        key: byteText,
        value: json<number>(),
        ttlMs,
        ...(headers && { headers }),
      }),
    ),
    write: fc.record({ key, value, ageMs: fc.nat(130) }),
    empty: () => ({ observedMs: -1, entries: new Map() }),
    async put(store, model, { key, value, ageMs }, clock) {
      clock.recordTimestampMs = Math.max(0, clock.streamTimeMs - ageMs)
      const timestampMs = clock.recordTimestampMs
      store.put(key, value, timestampMs, [{ key: 'h', value: Buffer.of(value ?? 0) }])
      model.observedMs = Math.max(model.observedMs, timestampMs)
      if (value === null) model.entries.delete(key)
      else model.entries.set(key, { value, timestampMs })
    },
    async compare(store, model, { streamTimeMs }) {
      const expected = live(model, streamTimeMs)
      expect(await all(store.range())).toEqual(expected)
      expect(await all(store.range({ reverse: true }))).toEqual(expected.toReversed())
      expect(await store.approximateEntries()).toBe(expected.length)
      for (const key of ['a', 'b', 'c']) {
        const entry = (expected as { key: string; value: number }[]).find(
          (each) => each.key === key,
        )
        expect(await store.get(key)).toBe(entry?.value)
      }
    },
    contents: (store) => all(store.range()),
  }
}

function spec(declared: unknown): StoreSpec {
  return declared as StoreSpec
}
