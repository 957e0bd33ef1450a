import { TopologyError } from '../core/errors.ts'
import { keyIdentity } from '../core/key-identity.ts'
import { partitionForKey } from '../core/murmur2.ts'
import { string } from '../serdes/string.ts'
import type { Serde } from '../serdes/serde.ts'
import type { WindowStoreSpec } from '../state/store-spec.ts'
import { windowStore } from '../state/window-store-spec.ts'
import type { ProcessorNode } from '../topology/topology-plan.ts'
import type { DeclaredStreamState } from './declared.ts'
import { firstSeenSerde, type FirstSeen } from './dedup-serde.ts'
import type { LogicalNode } from './logical-node.ts'
import { pairSerde } from './pair-serde.ts'
import { DedupProcessor, type Dedup } from './processors/dedup.ts'
import { repartitionStep } from './repartition.ts'
import { neededSerde } from './serde-needed.ts'
import { sideOutputs } from './side-outputs.ts'
import { storeOptions } from './store-options.ts'
import type { DedupOptions, KStream } from './k-stream.ts'
import { checkMs } from './whole-ms.ts'

type Options<K, V> = DedupOptions<K, V, unknown>

/** Adds the step that lets the first record of each id pass. */
export function dedupStream<K, V>(
  stream: DeclaredStreamState<K, V>,
  options: Options<K, V>,
): KStream<K, V> {
  const { plan, handles } = stream
  const { windowMs, graceMs = 0 } = options
  const storeName = storeOptions(options.store).name ?? plan.storeName('KSTREAM-DEDUP-')
  const name = plan.processorName('KSTREAM-DEDUP-', options.name)
  checkMs(`The dedup ${name}`, 'windowMs', windowMs, 1)
  checkMs(`The dedup ${name}`, 'graceMs', graceMs, 0)
  const outputs = options.duplicates && sideOutputs(plan, name, ['unique', 'duplicates'])
  const dedup: Dedup<K, V> = {
    storeName,
    windowMs,
    memoryMs: windowMs + graceMs,
    idOf: idOf(options),
    byKeyAlone: options.id === undefined,
    children: outputs?.names as Dedup<K, V>['children'],
  }
  const input = partitionedForDedup(stream, name, options)
  const spec = dedupStore(storeName, name, stream, options)
  const node = plan.add([input.node], {
    name,
    // Records without a key or an id are nobody's duplicates: they are to come here, and to pass.
    takesNullKeys: true,
    write(topology, parents) {
      const supplier = (() => new DedupProcessor(dedup)) as ProcessorNode['supplier']
      topology.addProcessor(name, supplier, { parents, keepsKey: true, stores: [spec] })
    },
  })
  const after = {
    ...input,
    name,
    node,
    // Partitioned by id, records of one key are no longer together.
    repartitionRequired: options.across === 'all-keys',
  }
  if (!outputs || !options.duplicates) return handles.stream<K, V>(after)
  const [unique, duplicates] = outputs.addBehind(node) as [LogicalNode, LogicalNode]
  options.duplicates(handles.stream<K, V>({ ...after, name: duplicates.name, node: duplicates }))
  return handles.stream<K, V>({ ...after, name: unique.name, node: unique })
}

/** The stream as it must be partitioned for all of an id to come to one task. */
function partitionedForDedup<K, V>(
  stream: DeclaredStreamState<K, V>,
  name: string,
  options: Options<K, V>,
): DeclaredStreamState<K, V> {
  const acrossKeys = options.across === 'all-keys'
  if (acrossKeys && !options.id) {
    throw new TopologyError(
      `The dedup ${name} looks across all keys, yet has no id to go by. Give it one: { id: (value) => … }.`,
    )
  }
  if (!acrossKeys && !stream.repartitionRequired) return stream
  const { plan } = stream
  const purpose = 'repartitions its input'
  const key = neededSerde(options.key ?? stream.key, 'key', `The dedup ${name}`, purpose)
  const value = neededSerde(options.value ?? stream.value, 'value', `The dedup ${name}`, purpose)
  const partitioner = acrossKeys ? byId(options) : undefined
  // Partitioned by id, it can stand for no step that partitions by key.
  const movable = !acrossKeys
  // Called after the operator's own name or, as with aggregations, the store's, which stay; else after its number.
  const prefix = options.name ?? storeOptions(options.store).name ?? name
  const step = repartitionStep<K, V>(plan, { prefix, key, value, partitioner, movable })
  const node = plan.add([stream.node], step)
  const sources = [node.name]
  return { ...stream, name: node.name, node, key, value, sources, repartitionRequired: false }
}

function byId<K, V>({ id }: Options<K, V>) {
  return (_topic: string, key: K, value: V, partitions: number): number | undefined => {
    const own = id?.(value, key)
    if (own === null || own === undefined) return undefined
    return partitionForKey(Buffer.from(keyIdentity(own)), partitions)
  }
}

function idOf<K, V>({ id, across }: Options<K, V>): Dedup<K, V>['idOf'] {
  if (!id) return (_value, key) => key
  if (across === 'all-keys') return id
  return (value, key) => {
    if (key === null || key === undefined) return null
    const own = id(value, key)
    return own === null || own === undefined ? null : [key, own]
  }
}

function dedupStore<K, V>(
  storeName: string,
  operator: string,
  stream: DeclaredStreamState<K, V>,
  options: Options<K, V>,
): WindowStoreSpec<never, readonly FirstSeen[]> {
  const memoryMs = options.windowMs + (options.graceMs ?? 0)
  const { idSerde = string() as unknown as Serde<unknown> } = options
  const keySerde = (): Serde<K> =>
    neededSerde(options.key ?? stream.key, 'key', `The dedup ${operator}`, 'keeps what it has seen')
  const key =
    options.across === 'all-keys'
      ? idSerde
      : options.id
        ? pairSerde(keySerde(), idSerde, 'id')
        : keySerde()
  return windowStore({
    ...storeOptions(options.store),
    name: storeName,
    key: key as Serde<never>,
    value: firstSeenSerde,
    windowSizeMs: memoryMs,
    // The stretch before the current one must still be there at the current one's end.
    retentionMs: 2 * memoryMs,
  })
}
