import type { StoreKind } from '../state/store.ts'

/** What an argument of a read is: a key, a range of keys, or data that is sent as it is. */
export type ArgumentKind = 'key' | 'keys' | 'plain'

/** What a read gives: the bare value, an object with the value in it, a number, or entries one after the other. */
export type ResultKind = 'value' | 'entry' | 'number' | 'entries'

/** How a read of a store crosses from one thread to another. */
export interface StoreMethod {
  readonly args: readonly ArgumentKind[]
  readonly result: ResultKind
}

type Methods = Readonly<globalThis.Record<string, StoreMethod>>

function method(result: ResultKind, ...args: readonly ArgumentKind[]): StoreMethod {
  return { args, result }
}

/** All reads of the stores of each kind, as state/store.ts and its neighbours declare them. */
export const storeMethods: Readonly<globalThis.Record<StoreKind, Methods>> = {
  'key-value': {
    get: method('value', 'key'),
    getWithTimestamp: method('entry', 'key'),
    getWithHeaders: method('entry', 'key'),
    range: method('entries', 'keys'),
    prefixScan: method('entries', 'plain', 'plain'),
    approximateEntries: method('number'),
  },
  window: {
    fetch: method('value', 'key', 'plain'),
    fetchWithTimestamp: method('entry', 'key', 'plain'),
    fetchRange: method('entries', 'key', 'plain', 'plain', 'plain'),
    fetchKeyRange: method('entries', 'keys', 'plain', 'plain'),
    fetchAll: method('entries', 'plain', 'plain', 'plain'),
    all: method('entries', 'plain'),
  },
  session: {
    fetchSession: method('value', 'key', 'plain', 'plain'),
    findSessions: method('entries', 'key', 'plain', 'plain', 'plain'),
    findSessionsOfKeys: method('entries', 'keys', 'plain', 'plain'),
    fetch: method('entries', 'key', 'plain'),
    findSessionsByEnd: method('entries', 'plain', 'plain', 'plain'),
    all: method('entries', 'plain'),
  },
  versioned: {
    get: method('entry', 'key', 'plain'),
    versions: method('entries', 'key', 'plain'),
    range: method('entries', 'keys'),
    prefixScan: method('entries', 'plain', 'plain'),
    all: method('entries', 'plain'),
  },
}
