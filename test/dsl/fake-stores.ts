import type { MaybePromise } from '../../src/core/maybe-promise.ts'
import type { KeyValueStore, ValueAndTimestamp, WindowStore } from '../../src/state/store.ts'

/** Entries by key, at hand or with a promise, as where they have to be read from disk. */
class FakeEntries {
  readonly prefetched: string[] = []
  private readonly entries = new Map<string, ValueAndTimestamp<unknown>>()
  private readonly waits: boolean

  constructor(waits: boolean) {
    this.waits = waits
  }

  read<T>(
    key: string,
    take: (entry: ValueAndTimestamp<unknown> | undefined) => T,
  ): MaybePromise<T> {
    const taken = take(this.entries.get(key))
    return this.waits ? Promise.resolve(taken) : taken
  }

  write(key: string, value: unknown, timestampMs: number | undefined): void {
    if (value === null || value === undefined) this.entries.delete(key)
    else this.entries.set(key, { value, timestampMs: timestampMs ?? -1 })
  }
}

type Fake<S> = { readonly store: S; readonly prefetched: readonly string[] }

export function fakeKeyValueStore(
  name: string,
  waits: boolean,
): Fake<KeyValueStore<string, never>> {
  const entries = new FakeEntries(waits)
  const store: Partial<KeyValueStore<string, unknown>> = {
    name,
    kind: 'key-value',
    get: (key) => entries.read(key, (entry) => entry?.value),
    getWithTimestamp: (key) => entries.read(key, (entry) => entry),
    put: (key, value, timestampMs) => entries.write(key, value, timestampMs),
    prefetch: (key) => void entries.prefetched.push(key),
  }
  return { store: store as KeyValueStore<string, never>, prefetched: entries.prefetched }
}

export function fakeWindowStore(name: string, waits: boolean): Fake<WindowStore<string, never>> {
  const entries = new FakeEntries(waits)
  const store: Partial<WindowStore<string, unknown>> = {
    name,
    kind: 'window',
    fetchWithTimestamp: (key, start) => entries.read(`${key}@${start}`, (entry) => entry),
    put: (key, value, start, timestampMs) => entries.write(`${key}@${start}`, value, timestampMs),
    prefetch: (key, start) => void entries.prefetched.push(`${key}@${start}`),
  }
  return { store: store as WindowStore<string, never>, prefetched: entries.prefetched }
}
