import type { DeclaredStreamState } from './declared.ts'
import type { MaterializedOptions, SerdeOptions } from './operator-options.ts'
import { TableSourceProcessor } from './processors/table-source.ts'
import { repartitionStep } from './repartition.ts'
import { neededSerde } from './serde-needed.ts'
import { SourceTable } from './source-table.ts'
import { storeOptions } from './store-options.ts'
import type { KTable } from './k-table.ts'

/** Adds the step that makes a table of a stream. Source: Java's `KStreamImpl.toTable`. */
export function streamToTable<K, V>(
  stream: DeclaredStreamState<K, V>,
  options: MaterializedOptions & SerdeOptions<K, V>,
): KTable<K, V> {
  const { plan, handles } = stream
  const prefix = 'KSTREAM-TOTABLE-'
  const name = plan.processorName(prefix, options.name)
  const store = storeOptions(options.store)
  const storeName = store.name ?? plan.storeName(prefix)
  const key = options.key ?? stream.key
  const value = options.value ?? stream.value
  const backing = new SourceTable(storeName, store, key, value)
  let parent = stream.node
  if (stream.repartitionRequired) {
    const step = repartitionStep(plan, {
      prefix: name,
      key: neededSerde(key, 'key', `toTable ${name}`, 'repartitions its input'),
      value: neededSerde(value, 'value', `toTable ${name}`, 'repartitions its input'),
    })
    parent = plan.add([parent], step)
  }
  const node = plan.add([parent], {
    name,
    write(topology, parents) {
      const spec = backing.spec()
      topology.addProcessor(name, () => new TableSourceProcessor<K, V>(backing.source), {
        parents,
        keepsKey: true,
        stores: spec ? [spec] : [],
      })
    },
  })
  const sources = parent === stream.node ? stream.sources : [parent.name]
  return handles.table<K, V>({ plan, handles, name, node, key, value, sources, backing })
}
