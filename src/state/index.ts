export type { PackedBytes } from '../core/byte-text.ts'
export type {
  KeyValueEntry,
  KeyValueStore,
  RangeOptions,
  ReadOnlyKeyValueStore,
  ReadOnlyWindowStore,
  ScanDirection,
  StateStore,
  StoreIterator,
  StoreKind,
  StoreRef,
  ValueAndTimestamp,
  ValueWithHeaders,
  WindowEntry,
  WindowStore,
} from './store.ts'
export type { ReadOnlySessionStore, SessionEntry, SessionStore } from './session-store-types.ts'
export type {
  ReadOnlyVersionedStore,
  VersionedEntry,
  VersionedRecord,
  VersionedStore,
  VersionPut,
  VersionRange,
} from './versioned-store-types.ts'
export type {
  KeyValueStoreSpec,
  LoggingSpec,
  SessionStoreSpec,
  StoreEngine,
  StoreSpec,
  VersionedStoreSpec,
  WindowStoreSpec,
} from './store-spec.ts'
export type { ChangelogCursor } from './changelog-cursor.ts'
export type {
  Change,
  ChangelogPlace,
  ChangelogRecord,
  OpenTaskStateOptions,
  SealedChanges,
  WriteChange,
  StateProvider,
  StateStatistics,
  StoredTask,
  StoreClock,
  TakenRecords,
  TaskState,
} from './task-state.ts'
export type { UndoLog } from './undo-log.ts'
export { keyValueStore, type KeyValueStoreOptions } from './key-value-store-spec.ts'
export { sessionStore, type SessionStoreOptions } from './session-store-spec.ts'
export { versionedStore, type VersionedStoreOptions } from './versioned-store-spec.ts'
export { windowStore, type WindowStoreOptions } from './window-store-spec.ts'
export type { LoggingOptions } from './logging-spec.ts'
export type { IndexSlot } from './index-slot.ts'
export type { IndexRef, TableIndex } from './table-index.ts'
export type { TimerEntry } from './timer-entry.ts'
export type { TimerClock, TimerSlot } from './timer-slot.ts'
export { timerStore, type TimerStoreOptions, type TimerStoreSpec } from './timer-store-spec.ts'
export { memoryState } from './memory/memory-state.ts'
