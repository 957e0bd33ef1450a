import { StateCorruptedError } from '../core/errors.ts'
import { withHeaders, WithoutHeaders } from './header-values.ts'
import { storageKey, type StorageKey } from './key-bytes.ts'
import { keyOfSession, parseSessionChangelogKey, sessionStorageKey } from './session-keys.ts'
import type { StoreSpec } from './store-spec.ts'
import { LayerEntry } from './layer-entry.ts'
import type { StoreLayer } from './store-layer.ts'
import type { StoredEntry } from './stored-entry.ts'
import type { ChangelogRecord } from './task-state.ts'
import { keyOfTimed, putTimed } from './ttl-keys.ts'
import { closedSegment, isDeletion, keyOfVersion } from './versioned-keys.ts'
import {
  keyOfWindow,
  parseWindowChangelogKey,
  segmentPrefix,
  windowStorageKey,
  windowTailBytes,
} from './window-keys.ts'

/** How a store's entries lie in its key space. */
export interface StoreLayout {
  /**
   * Tells the layouts of one kind apart; undefined for the first one there was. A store on disk whose layout is another
   * than its declaration asks for is restored anew.
   */
  readonly variant: string | undefined
  /** How long entries are kept from the time that their segment is told by; undefined where they do not expire so. */
  readonly retentionMs: number | undefined
  /** The first key of the segment of this time. */
  segment(segmentIntervalMs: number, timeMs: number): StorageKey
  /** The serialized key within a storage key. */
  keyOf(stored: StorageKey): StorageKey
  /** An entry as its value's serde reads it; undefined where there is no value to read. */
  valueOf(entry: StoredEntry): StoredEntry | undefined
  /** Adds what a changelog record stands for. Answers false to a record that has no such key. */
  restore(layer: StoreLayer, record: ChangelogRecord, segmentIntervalMs: number): boolean
}

/** The layout of a declared store. */
export function layoutOf(spec: StoreSpec): StoreLayout {
  switch (spec.kind) {
    case 'key-value':
      return keyValueLayout(spec.ttlMs !== undefined, spec.headers === true)
    case 'window':
      return windowLayout(spec.retentionMs, spec.retainDuplicates)
    case 'session':
      return sessionLayout(spec.retentionMs)
    case 'versioned':
      return versionedLayout(spec.historyRetentionMs)
  }
}

/** The error for a changelog record that cannot be of this store. */
export function foreignRecord(
  kind: string,
  storeName: string,
  record: ChangelogRecord,
): StateCorruptedError {
  return new StateCorruptedError(
    `The changelog of the ${kind} store ${storeName} holds a key of ${record.key.length} bytes that is no ${kind}'s ` +
      'key; was the topic written by a store of another kind? Give the store another name, or delete the topic',
  )
}

function keyValueLayout(timed: boolean, headers: boolean): StoreLayout {
  const parts = [...(timed ? ['ttl'] : []), ...(headers ? ['headers'] : [])]
  return {
    variant: parts.length === 0 ? undefined : parts.join('+'),
    retentionMs: undefined,
    segment: () => '',
    keyOf: timed ? keyOfTimed : (stored) => stored,
    valueOf: headers ? (entry) => new WithoutHeaders(entry) : (entry) => entry,
    restore(layer, record) {
      const { key, value, timestampMs } = record
      const bytes = headers && value !== null ? withHeaders(record.headers ?? [], value) : value
      const entry = new LayerEntry(key, bytes, timestampMs)
      if (timed) putTimed(layer, storageKey(key), entry)
      else layer.put(storageKey(key), entry)
      return true
    },
  }
}

function windowLayout(retentionMs: number, retainDuplicates: boolean): StoreLayout {
  const tailBytes = windowTailBytes(retainDuplicates)
  return {
    variant: retainDuplicates ? 'duplicates' : undefined,
    retentionMs,
    segment: segmentPrefix,
    keyOf: (stored) => keyOfWindow(stored, tailBytes),
    valueOf: (entry) => entry,
    restore(layer, { key, value, timestampMs }, interval) {
      const window = parseWindowChangelogKey(key)
      if (!window) return false
      const { windowStartMs, sequence } = window
      const stored = windowStorageKey(
        interval,
        storageKey(window.key),
        windowStartMs,
        retainDuplicates ? sequence : undefined,
      )
      layer.observedMs = Math.max(layer.observedMs, windowStartMs)
      if (retainDuplicates) layer.sequence = Math.max(layer.sequence, sequence)
      layer.put(stored, new LayerEntry(key, value, timestampMs))
      return true
    },
  }
}

function sessionLayout(retentionMs: number): StoreLayout {
  return {
    variant: undefined,
    retentionMs,
    segment: segmentPrefix,
    keyOf: keyOfSession,
    valueOf: (entry) => entry,
    restore(layer, { key, value, timestampMs }, interval) {
      const session = parseSessionChangelogKey(key)
      if (!session) return false
      const stored = sessionStorageKey(interval, storageKey(session.key), session.times)
      layer.observedMs = Math.max(layer.observedMs, session.times.endMs)
      layer.put(stored, new LayerEntry(key, value, timestampMs))
      return true
    },
  }
}

function versionedLayout(retentionMs: number): StoreLayout {
  return {
    variant: undefined,
    retentionMs,
    segment: closedSegment,
    keyOf: keyOfVersion,
    valueOf: (entry) => (isDeletion(entry) ? undefined : entry),
    // Where a version belongs depends on those that are there; see VersionLog.
    restore: () => false,
  }
}
