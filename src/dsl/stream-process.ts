import type { StoreRef } from '../state/store.ts'
import type { Processor, ProcessorSupplier } from '../topology/processor.ts'
import { connectedStores } from './connected-stores.ts'
import type { DeclaredStreamState } from './declared.ts'
import { fixedKeyProcessor } from './fixed-key-processor.ts'
import type { LogicalNode } from './logical-node.ts'
import type { ProcessOptions } from './operator-options.ts'
import type { KStream } from './k-stream.ts'

/** Adds a processor of the user that may change keys. Source: Java's `KStreamImpl.process`. */
export function processStream<K, V, KOut, VOut>(
  stream: DeclaredStreamState<K, V>,
  supplier: ProcessorSupplier<K, V, KOut, VOut, never>,
  options: ProcessOptions<KOut, VOut, readonly StoreRef[]>,
): KStream<KOut, VOut> {
  // A name of the user spends no number here, as in Kafka Streams.
  const name = options.name ?? stream.plan.processorName('KSTREAM-PROCESSOR-')
  const node = addProcessor(stream, name, supplier as Supplier, 'rekeyed', options.stores)
  return stream.handles.stream<KOut, VOut>({
    ...stream,
    name,
    node,
    key: options.key,
    value: options.value,
    repartitionRequired: true,
  })
}

/** Adds a processor of the user that keeps keys. Source: Java's `KStreamImpl.processValues`. */
export function processStreamValues<K, V, VOut>(
  stream: DeclaredStreamState<K, V>,
  supplier: ProcessorSupplier<K, V, K, VOut, never>,
  options: ProcessOptions<K, VOut, readonly StoreRef[]>,
): KStream<K, VOut> {
  const name = options.name ?? stream.plan.processorName('KSTREAM-PROCESSVALUES-')
  const fixed: Supplier = () => fixedKeyProcessor((supplier as Supplier)(), name)
  const node = addProcessor(stream, name, fixed, 'revalued', options.stores)
  return stream.handles.stream<K, VOut>({
    ...stream,
    name,
    node,
    key: options.key ?? stream.key,
    value: options.value,
  })
}

type Supplier = () => Processor<unknown, unknown, unknown, unknown>

function addProcessor<K, V>(
  stream: DeclaredStreamState<K, V>,
  name: string,
  supplier: Supplier,
  records: 'rekeyed' | 'revalued',
  stores?: readonly StoreRef[],
): LogicalNode {
  const { refs, requires } = connectedStores(name, stores)
  return stream.plan.add([stream.node], {
    name,
    records,
    boundToPartition: refs.length > 0,
    requires,
    write(topology, parents) {
      topology.addProcessor(name, supplier, { parents, stores: refs })
    },
  })
}
