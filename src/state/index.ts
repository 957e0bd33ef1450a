export type {
  KeyValueEntry,
  KeyValueStore,
  RangeOptions,
  ReadOnlyKeyValueStore,
  ReadOnlyWindowStore,
  StateStore,
  StoreIterator,
  StoreKind,
  StoreRef,
  ValueAndTimestamp,
  WindowEntry,
  WindowStore,
} from './store.ts'
export type {
  KeyValueStoreSpec,
  LoggingSpec,
  StoreEngine,
  StoreSpec,
  WindowStoreSpec,
} from './store-spec.ts'
export type {
  Change,
  ChangelogRecord,
  OpenTaskStateOptions,
  SealedChanges,
  StateProvider,
  StateStatistics,
  StoreClock,
  TaskState,
} from './task-state.ts'
export { keyValueStore, type KeyValueStoreOptions } from './key-value-store-spec.ts'
export { windowStore, type WindowStoreOptions } from './window-store-spec.ts'
export type { LoggingOptions } from './logging-spec.ts'
export { memoryState } from './memory/memory-state.ts'
