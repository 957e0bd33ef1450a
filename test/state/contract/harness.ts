import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { json, string } from 'millrace/serdes'
import {
  keyValueStore,
  memoryState,
  windowStore,
  type Change,
  type ChangelogRecord,
  type SealedChanges,
  type KeyValueStore,
  type OpenTaskStateOptions,
  type ReadOnlyKeyValueStore,
  type ReadOnlyWindowStore,
  type StateProvider,
  type StoreIterator,
  type StoreSpec,
  type TaskState,
  type WindowStore,
} from 'millrace/state'
import { rocksDbState, type BindingName } from 'millrace/state/rocksdb'
import { unpacked } from '../../../src/core/byte-text.ts'
import type { ChangelogCursor } from '../../../src/state/changelog-cursor.ts'
import type { Serde } from '../../../src/serdes/serde.ts'

/** An implementation of the state contract. */
export interface Engine {
  readonly name: string
  /** Whether committed state is there again after closing. */
  readonly persistent: boolean
  provider(folder: string): StateProvider
}

export const memoryEngine: Engine = {
  name: 'memory',
  persistent: false,
  provider: () => memoryState(),
}

export function rocksDbEngine(binding: BindingName): Engine {
  return {
    name: binding,
    persistent: true,
    provider: (folder) => rocksDbState({ folder, binding }),
  }
}

/** A folder that is gone after the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-state-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** A provider on a folder of its own, closed after the test. */
export async function provider(engine: Engine): Promise<StateProvider> {
  const opened = engine.provider(await temporaryFolder())
  onTestFinished(() => opened.close())
  return opened
}

/** Keys as text of one character a byte, so that every order of bytes can be written down. */
export const byteText: Serde<string> = {
  name: 'byte text',
  serialize: (value) => Buffer.from(value, 'latin1'),
  deserialize: (bytes) => bytes.toString('latin1'),
}

export const taskId = { subTopology: 0, partition: 0 }

export const keyValueSpec = keyValueStore({ name: 'counts', key: byteText, value: json<number>() })
export const windowSpec = windowStore({
  name: 'per-hour',
  key: byteText,
  value: json<number>(),
  windowSizeMs: 100_000,
  retentionMs: 300_000,
})
const otherSpec = keyValueStore({ name: 'names', key: string(), value: string() })

/** Options with everything that a test does not care about. */
export function taskOptions(options: Partial<OpenTaskStateOptions> = {}): OpenTaskStateOptions {
  return {
    taskId,
    specs: [keyValueSpec, windowSpec, otherSpec] as unknown as readonly StoreSpec[],
    clock: { recordTimestampMs: 1000, streamTimeMs: 1000 },
    environment: {},
    changelogTopic: (name) => `app-${name}-changelog`,
    ...options,
  }
}

/** The task's stores with the types that their declarations give them. */
export function stores(state: TaskState): {
  readonly counts: KeyValueStore<string, number>
  readonly perHour: WindowStore<string, number>
  readonly names: KeyValueStore<string, string>
  readonly committedCounts: ReadOnlyKeyValueStore<string, number>
  readonly committedPerHour: ReadOnlyWindowStore<string, number>
} {
  return {
    counts: state.store('counts') as KeyValueStore<string, number>,
    perHour: state.store('per-hour') as WindowStore<string, number>,
    names: state.store('names') as KeyValueStore<string, string>,
    committedCounts: state.committedStore('counts') as ReadOnlyKeyValueStore<string, number>,
    committedPerHour: state.committedStore('per-hour') as ReadOnlyWindowStore<string, number>,
  }
}

/** Everything that an iterator gives. */
export async function all<T>(iterator: StoreIterator<T>): Promise<T[]> {
  const entries: T[] = []
  for await (const entry of iterator) entries.push(entry)
  return entries
}

/** The iterator's keys and values, without their times. */
export async function pairs<K, V>(
  iterator: StoreIterator<{ readonly key: K; readonly value: V }>,
): Promise<[K, V][]> {
  return (await all(iterator)).map(({ key, value }) => [key, value])
}

/** What the changelog gets of what was sealed. */
export function changelogOf(sealed: SealedChanges): Change[] {
  const changes: Change[] = []
  sealed.writeChangelog((storeName, key, value, timestampMs, headers) =>
    changes.push({ storeName, key, value, timestampMs, headers }),
  )
  return changes
}

/** Seals and applies all writes so far. */
export async function commit(
  state: TaskState,
  offsets: Readonly<Record<string, number>> = {},
): Promise<Change[]> {
  const sealed = state.seal()
  const changes = changelogOf(sealed)
  await state.apply(sealed, new Map(Object.entries(offsets)))
  return changes
}

/** A change as it comes back from the changelog topic. */
export function changelogRecord({ key, value, timestampMs, headers }: Change): ChangelogRecord {
  return {
    key: unpacked(key),
    value: value === null ? null : unpacked(value),
    timestampMs,
    headers,
  }
}

/** Changelog records as a fetch brings them, all in one buffer. */
export function fetchedRecords(records: readonly ChangelogRecord[]): ChangelogCursor {
  const parts = records.flatMap(({ key, value }) => [key, value ?? Buffer.alloc(0)])
  const buffer = Buffer.concat(parts)
  let at = -1
  let end = 0
  const cursor = {
    buffer,
    timestampMs: -1,
    keyStart: 0,
    keyEnd: -1,
    valueStart: 0,
    valueEnd: -1,
    next(): boolean {
      const record = records[++at]
      if (record === undefined) return false
      const { key, value, timestampMs } = record
      cursor.timestampMs = timestampMs
      cursor.keyStart = end
      cursor.valueStart = cursor.keyEnd = end += key.length
      end += value?.length ?? 0
      cursor.valueEnd = value === null ? -1 : end
      return true
    },
    headers: () => records[at]?.headers ?? [],
  }
  return cursor
}
