import { isPromise, type MaybePromise } from '../core/maybe-promise.ts'
import { storageKey } from './key-bytes.ts'
import { LayeredStore } from './layered-store.ts'
import type { CommittedEntries, StateEngine } from './state-engine.ts'
import type { VersionedStoreSpec } from './store-spec.ts'
import { DirtySlots } from './slot.ts'
import type { ChangelogRecord } from './task-state.ts'
import { VersionLog } from './version-log.ts'
import { latestKey } from './versioned-keys.ts'
import type { WrittenEntries } from './written-entries.ts'

/**
 * The writes that the changelog records of a versioned store stand for: each version is put as it was, since what
 * becomes of it depends on those before.
 */
export function restoredVersions(
  committed: CommittedEntries,
  engine: StateEngine,
  { storeName, historyRetentionMs }: VersionedStoreSpec<never, never>,
  records: readonly ChangelogRecord[],
): MaybePromise<WrittenEntries> {
  // Its writes are not those of the store that processing sees.
  const view = new LayeredStore(storeName, committed, () => undefined, new DirtySlots())
  const log = new VersionLog(view)
  const versions = records.map(({ key, value, timestampMs }) => ({
    key: storageKey(key),
    value,
    timestampMs,
  }))
  const putFrom = (first: number): MaybePromise<WrittenEntries> => {
    for (let at = first; at < versions.length; at++) {
      const version = versions[at]!
      // A topic that was not written here may hold what this store would not have taken.
      if (version.timestampMs < Math.max(0, view.observedMs - historyRetentionMs)) continue
      view.observe(version.timestampMs)
      const put = log.put(version)
      if (isPromise(put)) return put.then(() => putFrom(at + 1))
    }
    return view.seal()
  }
  for (const { key } of versions) view.want(latestKey(key))
  const loading = engine.loadWanted()
  return isPromise(loading) ? loading.then(() => putFrom(0)) : putFrom(0)
}
