import type { BindingName } from 'millrace/state/rocksdb'
import { probeBinding } from '../../../src/state/rocksdb/probe.ts'

const names: readonly BindingName[] = ['rocksdb', 'rocksdb-native']
const results = await Promise.all(names.map((name) => probeBinding(name)))

/** The bindings that work on this Node; never none, since rocksdb-native works on all. */
export const workingBindings: readonly BindingName[] = names.filter((_, at) => results[at]?.works)
