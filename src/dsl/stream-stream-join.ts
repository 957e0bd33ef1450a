import { TopologyError } from '../core/errors.ts'
import type { WindowStoreSpec } from '../state/store-spec.ts'
import type { ProcessorNode } from '../topology/topology-plan.ts'
import type { Joiner } from './callbacks.ts'
import type { DeclaredStreamState } from './declared.ts'
import type { JoinInput } from './join-input.ts'
import type { LogicalNode, LogicalNodeOptions, PossibleSelfJoin } from './logical-node.ts'
import type { LogicalPlan } from './logical-plan.ts'
import { JoinTimes } from './processors/join-time.ts'
import { JoinWindowProcessor } from './processors/join-window.ts'
import { passThrough } from './processors/pass-through.ts'
import { StreamSelfJoinProcessor, type StreamSelfJoin } from './processors/stream-self-join.ts'
import { StreamStreamJoinProcessor, type StreamJoin } from './processors/stream-stream-join.ts'
import { neededSerde } from './serde-needed.ts'
import { sideOutputs } from './side-outputs.ts'
import {
  sideSuffixes,
  streamJoinStores,
  type OuterSides,
  type StreamJoinStores,
} from './stream-join-stores.ts'
import type { KStream, StreamJoinedOptions } from './k-stream.ts'
import { checkMs } from './whole-ms.ts'

/** The names of a join's nodes. */
interface JoinNames {
  readonly leftWindowed: string
  readonly rightWindowed: string
  readonly left: string
  readonly right: string
  readonly merge: string
  /** What the joining nodes would be called without a name of the user's. */
  readonly generated: { readonly left: string; readonly right: string }
}

type Supplier = ProcessorNode['supplier']

/**
 * Adds a join of two streams: a node for each side that keeps its records, one for each that joins them with those of
 * the other, and one behind which the results are one stream.
 *
 * @remarks Source: Java's `KStreamImplJoin` and `StreamStreamJoinNode`.
 */
export function joinStreams<K, V, OtherV, Out>(
  leftInput: JoinInput<K, V>,
  rightInput: JoinInput<K, OtherV>,
  joiner: Joiner<K, V | null, OtherV | null, Out>,
  outer: OuterSides,
  options: StreamJoinedOptions<K, V, OtherV>,
): KStream<K, Out> {
  const { windows, emitIntervalMs = 1000 } = options
  const topicOf = (suffix: string): string | undefined =>
    options.name === undefined ? undefined : options.name + suffix
  const { key, value, otherValue } = options
  const left = leftInput.partitioned({ name: topicOf('-left'), key, value })
  const right = rightInput.partitioned({ name: topicOf('-right'), key, value: otherValue })
  const { plan } = left
  if (right.plan !== plan) {
    throw new TopologyError(
      'A stream can be joined with a stream of the same StreamsBuilder only; the other one is of another.',
    )
  }
  checkMs('A join of streams', 'emitIntervalMs', emitIntervalMs, 0)
  const sources = [...new Set([...left.sources, ...right.sources])]
  plan.copartition(sources)
  const names = joinNames(plan, outer, options.name)
  const stores = storesOf(names, left, right, outer, options)
  const join: StreamJoin<K, V, OtherV, Out> = {
    joiner,
    leftStore: stores.left.storeName,
    rightStore: stores.right.storeName,
    unmatchedStore: stores.unmatched?.storeName,
    beforeMs: windows.beforeMs,
    afterMs: windows.afterMs,
    graceMs: windows.graceMs,
    emitIntervalMs,
    ...outer,
  }
  addWindowed(left, names.leftWindowed, names.left, stores.left, options.late)
  addWindowed(right, names.rightWindowed, names.right, stores.right, options.otherLate)
  const sendsLate = options.late !== undefined || options.otherLate !== undefined
  const isInner = !outer.leftOuter && !outer.rightOuter
  const node = plan.add([left.node, right.node], {
    ...joinNode(names, stores, join),
    ...(isInner && !sendsLate && { selfJoin: possibleSelfJoin(names, stores.left, join) }),
  })
  return left.handles.stream<K, Out>({
    ...left,
    name: names.merge,
    node,
    key: stores.left.key,
    value: undefined,
    sources,
    repartitionRequired: false,
  })
}

function joinNames(plan: LogicalPlan, outer: OuterSides, name: string | undefined): JoinNames {
  const { leftOuter, rightOuter } = outer
  const leftWindowed = plan.suffixedName('KSTREAM-WINDOWED-', '-this-windowed', name)
  const rightWindowed = plan.suffixedName('KSTREAM-WINDOWED-', '-other-windowed', name)
  const generated = {
    left: plan.processorName(rightOuter ? 'KSTREAM-OUTERTHIS-' : 'KSTREAM-JOINTHIS-'),
    right: plan.processorName(leftOuter ? 'KSTREAM-OUTEROTHER-' : 'KSTREAM-JOINOTHER-'),
  }
  const suffixes = sideSuffixes(outer)
  return {
    leftWindowed,
    rightWindowed,
    left: name === undefined ? generated.left : name + suffixes.left,
    right: name === undefined ? generated.right : name + suffixes.right,
    merge: plan.suffixedName('KSTREAM-MERGE-', '-merge', name),
    generated,
  }
}

function storesOf<K, V, OtherV>(
  names: JoinNames,
  left: DeclaredStreamState<K, V>,
  right: DeclaredStreamState<K, OtherV>,
  outer: OuterSides,
  options: StreamJoinedOptions<K, V, OtherV>,
): StreamJoinStores<K, V, OtherV> {
  const operator = `The join ${options.name ?? names.merge}`
  const purpose = 'keeps records in stores'
  return streamJoinStores({
    ...outer,
    generated: names.generated,
    options,
    key: neededSerde(options.key ?? left.key ?? right.key, 'key', operator, purpose),
    value: neededSerde(options.value ?? left.value, 'value', operator, purpose),
    otherValue: neededSerde(
      options.otherValue ?? right.value,
      'value',
      operator,
      purpose,
      'otherValue',
    ),
  })
}

/** Adds the node that keeps one side's records, and the stream of late ones where the user wants it. */
function addWindowed<K, V>(
  side: DeclaredStreamState<K, V>,
  name: string,
  join: string,
  store: WindowStoreSpec<K, V>,
  takeLate: ((late: KStream<K, V>) => void) | undefined,
): void {
  const { plan, handles } = side
  const { storeName, retentionMs } = store
  const outputs = takeLate && sideOutputs(plan, name, ['late'])
  const children = outputs && { join, late: outputs.names.late }
  const windowed = plan.add([side.node], {
    name,
    write(topology, parents) {
      const supplier = (() =>
        new JoinWindowProcessor<K, V>({ name, storeName, retentionMs, children })) as Supplier
      topology.addProcessor(name, supplier, { parents, keepsKey: true, stores: [store] })
    },
  })
  if (!takeLate || !outputs) return
  const [late] = outputs.addBehind(windowed) as [LogicalNode]
  takeLate(handles.stream<K, V>({ ...side, name: late.name, node: late }))
}

function joinNode<K, V, OtherV, Out>(
  names: JoinNames,
  stores: StreamJoinStores<K, V, OtherV>,
  join: StreamJoin<K, V, OtherV, Out>,
): LogicalNodeOptions {
  const unmatched = stores.unmatched ? [stores.unmatched] : []
  return {
    name: names.merge,
    takesNullKeys: join.leftOuter,
    write(topology) {
      const times = new JoinTimes(names.merge)
      const left = (() =>
        new StreamStreamJoinProcessor(join, true, times.forLeft())) as unknown as Supplier
      const right = (() =>
        new StreamStreamJoinProcessor(join, false, times.forRight())) as unknown as Supplier
      topology.addProcessor(names.left, left, {
        parents: [names.leftWindowed],
        stores: [stores.right, ...unmatched],
      })
      topology.addProcessor(names.right, right, {
        parents: [names.rightWindowed],
        stores: [stores.left, ...unmatched],
      })
      topology.addProcessor(names.merge, () => passThrough, { parents: [names.left, names.right] })
    },
  }
}

function possibleSelfJoin<K, V, OtherV, Out>(
  names: JoinNames,
  store: WindowStoreSpec<K, V>,
  { joiner, beforeMs, afterMs }: StreamJoin<K, V, OtherV, Out>,
): PossibleSelfJoin {
  const { storeName, retentionMs } = store
  const name = names.merge
  const join = { name, storeName, joiner, beforeMs, afterMs, retentionMs }
  return {
    otherWindowed: names.rightWindowed,
    joined: () => ({
      name,
      write(topology) {
        // Both sides are one stream, so their values are of one type.
        const supplier = (() =>
          new StreamSelfJoinProcessor(join as unknown as StreamSelfJoin<K, V, Out>)) as Supplier
        topology.addProcessor(name, supplier, { parents: [names.leftWindowed], stores: [store] })
      },
    }),
  }
}
