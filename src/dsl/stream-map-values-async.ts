import type { ProcessorNode } from '../topology/topology-plan.ts'
import type { AsyncMapper, MapValuesAsyncOptions } from './async-options.ts'
import type { DeclaredStreamState } from './declared.ts'
import { MapValuesAsyncProcessor } from './processors/map-values-async.ts'
import type { KStream } from './k-stream.ts'

/** Adds the step that gives each record another value, by calls that run beside each other. */
export function mapStreamValuesAsync<K, V, VOut>(
  stream: DeclaredStreamState<K, V>,
  mapper: AsyncMapper<K, V, VOut>,
  options: MapValuesAsyncOptions<K, VOut>,
): KStream<K, VOut> {
  const { plan, handles } = stream
  const { name: given, key = stream.key, value, ...calls } = options
  const name = plan.processorName('KSTREAM-MAPVALUESASYNC-', given)
  const supplier = (() => new MapValuesAsyncProcessor(mapper, calls)) as ProcessorNode['supplier']
  const node = plan.add([stream.node], {
    name,
    write(topology, parents) {
      topology.addProcessor(name, supplier, { parents, keepsKey: true })
    },
  })
  return handles.stream<K, VOut>({ ...stream, name, node, key, value })
}
