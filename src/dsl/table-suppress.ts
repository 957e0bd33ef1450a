import { TopologyError } from '../core/errors.ts'
import type { WindowedKey } from '../core/windowed.ts'
import { keyValueStore } from '../state/key-value-store-spec.ts'
import { bufferedChangeSerde } from './buffered-change.ts'
import type { DeclaredTableState } from './declared.ts'
import type { LogicalNode } from './logical-node.ts'
import { SuppressProcessor, type Suppression } from './processors/suppress.ts'
import { neededSerde } from './serde-needed.ts'
import type { KTable } from './k-table.ts'
import type {
  StrictSuppressBuffer,
  SuppressBuffer,
  SuppressUntilTimeLimit,
  SuppressUntilWindowCloses,
} from './suppress-options.ts'
import { SuppressedTable } from './suppressed-table.ts'

/** As a caller without types may give them. */
type Options = SuppressUntilTimeLimit | SuppressUntilWindowCloses
type Buffer = 'unbounded' | SuppressBuffer | StrictSuppressBuffer

/** Adds the step that holds a table's updates back. Source: Java's `KTableImpl.suppress`. */
export function suppressTable<K, V>(
  table: DeclaredTableState<K, V>,
  options: Options,
): KTable<K, V> {
  const { plan, handles, backing } = table
  if (backing.isVersioned()) {
    throw new TopologyError(
      `The updates of ${table.name} cannot be held back, since the table is versioned: with the last update alone its ` +
        'history would be lost. Hold the table, or the one it is made of, in a store without versions.',
    )
  }
  // A name of the user spends no number here, as in Kafka Streams.
  const name = options.name ?? plan.processorName('KTABLE-SUPPRESS-')
  const storeName =
    options.name === undefined ? plan.storeName('KTABLE-SUPPRESS-') : `${options.name}-store`
  const suppression = suppressionOf<K>(table.node, name, storeName, options)
  const purpose = 'keeps what it holds back in a store'
  const spec = keyValueStore({
    name: storeName,
    key: neededSerde(table.key, 'key', `suppress ${name}`, purpose),
    value: bufferedChangeSerde(neededSerde(table.value, 'value', `suppress ${name}`, purpose)),
    ...(options.engine && { engine: options.engine }),
    ...(options.logging !== undefined && { logging: options.logging }),
  })
  // What a row was before its first update is what readers see while it is held back.
  backing.sendOldValues(true)
  const node = plan.add([table.node], {
    name,
    boundToPartition: true,
    write(topology, parents) {
      topology.addProcessor(name, () => new SuppressProcessor<K, V>(suppression), {
        parents,
        stores: [spec],
      })
    },
  })
  return handles.table<K, V>({
    ...table,
    name,
    node,
    backing: new SuppressedTable(backing, storeName),
  })
}

function suppressionOf<K>(
  parent: LogicalNode,
  name: string,
  storeName: string,
  options: Options,
): Suppression<K> {
  const bounds = boundsOf(name, options.buffer ?? 'unbounded')
  if (options.until !== 'window-closes') {
    const waitMs = options.until.timeLimitMs
    checkWhole(name, 'until.timeLimitMs', waitMs)
    const bufferTimeMs = (_key: K, timestampMs: number): number => timestampMs
    return { name, storeName, bufferTimeMs, waitMs, dropsTombstones: false, ...bounds }
  }
  if (bounds.whenFull === 'emit') {
    throw new TopologyError(
      `The suppression ${name} is to emit final results and, when its buffer is full, earlier ones, which are not ` +
        "final. Say whenFull: 'fail', or suppress until a time limit.",
    )
  }
  const waitMs = closesAfterMs(parent)
  if (waitMs === undefined) {
    throw new TopologyError(
      `The suppression ${name} waits until windows close, but not all that it comes of is windowed. ` +
        'Aggregate by windows before it, or suppress until a time limit.',
    )
  }
  const bufferTimeMs = (key: K): number => (key as WindowedKey<unknown>).endMs
  return { name, storeName, bufferTimeMs, waitMs, dropsTombstones: true, ...bounds }
}

function boundsOf(
  name: string,
  buffer: Buffer,
): Pick<Suppression<never>, 'maxRecords' | 'maxBytes' | 'whenFull'> {
  if (buffer === 'unbounded') {
    return { maxRecords: Infinity, maxBytes: Infinity, whenFull: 'fail' }
  }
  const { maxRecords, maxBytes, whenFull } = buffer
  if (maxRecords === undefined && maxBytes === undefined) {
    throw new TopologyError(
      `The buffer of the suppression ${name} has no bound. Give it maxRecords or maxBytes, or say 'unbounded'.`,
    )
  }
  if (maxRecords !== undefined) checkWhole(name, 'buffer.maxRecords', maxRecords)
  if (maxBytes !== undefined) checkWhole(name, 'buffer.maxBytes', maxBytes)
  return { maxRecords: maxRecords ?? Infinity, maxBytes: maxBytes ?? Infinity, whenFull }
}

/**
 * How long after their end the windows of a table take records, in milliseconds; undefined where not all that it comes
 * of is windowed.
 *
 * @remarks Source: Java's `GraphGraceSearchUtil`.
 */
function closesAfterMs(node: LogicalNode): number | undefined {
  const own = node.options.closesAfterMs
  if (own !== undefined) return own
  const parents = [...node.parents].map(closesAfterMs)
  if (parents.length === 0 || parents.includes(undefined)) return undefined
  return Math.max(...parents.map((ms) => ms!))
}

function checkWhole(name: string, option: string, value: number): void {
  if (Number.isSafeInteger(value) && value >= 0) return
  throw new TopologyError(
    `The suppression ${name}: ${option} must be a whole number, at least 0; got ${value}.`,
  )
}
