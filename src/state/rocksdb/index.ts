export type { BindingName } from './binding.ts'
export { rocksDbState, type RocksDbStateOptions } from './rocksdb-state.ts'
