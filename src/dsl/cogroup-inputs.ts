import { TopologyError } from '../core/errors.ts'
import type { Serde } from '../serdes/serde.ts'
import type { Processor } from '../topology/processor.ts'
import type { AnyStoreSpec } from '../topology/topology-options.ts'
import type { Aggregator } from './callbacks.ts'
import type { DeclaredGroupState, DeclaredStreamState } from './declared.ts'
import { addPassThrough } from './late-output.ts'
import type { LogicalNode } from './logical-node.ts'
import type { LateOutput } from './processors/late-records.ts'
import { repartitionStep } from './repartition.ts'
import { neededSerde } from './serde-needed.ts'
import type { KGroupedStream } from './k-grouped-stream.ts'
import type { KStream } from './k-stream.ts'

/** A grouped stream among those that are aggregated together. */
export interface CogroupInput<K, Agg> {
  readonly state: DeclaredGroupState<K, unknown>
  readonly aggregator: Aggregator<K, unknown, Agg>
}

/** How the records of one of the streams are aggregated. */
export interface CogroupStep<K, Agg> {
  readonly name: string
  readonly input: CogroupInput<K, Agg>
  readonly late: LateOutput | undefined
}

export interface CogroupOptions<K> {
  readonly name?: string
  readonly late?: (stream: KStream<K, unknown>) => void
}

/** Where the table of a cogroup stands. */
export type CogroupPlace<K> = Omit<DeclaredStreamState<K, unknown>, 'repartitionRequired'>

/**
 * The streams that are aggregated together, and the steps that bring each to the partition of its key.
 *
 * @remarks Source: Java's `CogroupedStreamAggregateBuilder`.
 */
export class CogroupInputs<K, Agg> {
  private readonly inputs: readonly CogroupInput<K, Agg>[]
  /** The repartition steps of the streams that need one, shared by all aggregations. */
  private readonly repartitioned: Map<DeclaredGroupState<K, unknown>, LogicalNode>

  private constructor(
    inputs: readonly CogroupInput<K, Agg>[],
    repartitioned: Map<DeclaredGroupState<K, unknown>, LogicalNode>,
  ) {
    this.inputs = inputs
    this.repartitioned = repartitioned
  }

  static of<K, V, Agg>(
    state: DeclaredGroupState<K, V>,
    aggregator: Aggregator<K, V, Agg>,
  ): CogroupInputs<K, Agg> {
    return new CogroupInputs<K, Agg>([anyInput(state, aggregator)], new Map())
  }

  get first(): DeclaredGroupState<K, unknown> {
    return this.inputs[0]!.state
  }

  /** @throws TopologyError for a stream that is in already, or of another builder. */
  with<V>(grouped: KGroupedStream<K, V>, aggregator: Aggregator<K, V, Agg>): CogroupInputs<K, Agg> {
    const { state } = grouped as unknown as { readonly state: DeclaredGroupState<K, V> }
    const input = anyInput(state, aggregator)
    if (state.plan !== this.first.plan) {
      throw new TopologyError(
        'A cogroup takes streams of one builder only; this one is of another.',
      )
    }
    if (this.inputs.some((each) => each.state === input.state)) {
      // Kafka Streams lets the second aggregator take the place of the first.
      throw new TopologyError(
        `The cogroup of ${this.first.name} has the grouped stream ${state.name} twice. ` +
          'Aggregate it in one aggregator, or group it again for the second.',
      )
    }
    return new CogroupInputs([...this.inputs, input], this.repartitioned)
  }

  /** The serde of the key, of the first stream where it is known. */
  keySerde(purpose: string): Serde<K> {
    const known = this.inputs.find(({ state }) => state.key)
    return neededSerde(known?.state.key, 'key', 'A grouping before the cogroup', purpose)
  }

  /** Adds an aggregation of each stream, and the node where their updates come together. */
  add(
    spec: AnyStoreSpec,
    options: CogroupOptions<K>,
    closesAfterMs: number | undefined,
    supplier: (step: CogroupStep<K, Agg>) => () => Processor<unknown, unknown, unknown, unknown>,
  ): CogroupPlace<K> {
    const { plan, handles } = this.first
    const parents = this.inputs.map(({ state }) => this.parentOf(state, spec.storeName))
    const names = this.inputs.map((_, i) =>
      plan.suffixedName('COGROUPKSTREAM-AGGREGATE-', `-cogroup-agg-${i}`, options.name),
    )
    const merge = plan.suffixedName('COGROUPKSTREAM-MERGE-', '-cogroup-merge', options.name)
    const late = options.late && { updates: merge, late: `${merge}-late` }
    const nodes = this.inputs.map((input, i) => {
      const name = names[i]!
      const make = supplier({ name, input, late })
      return plan.add([parents[i]!], {
        name,
        closesAfterMs,
        write(topology, from) {
          topology.addProcessor(name, make, { parents: from, stores: [spec] })
        },
      })
    })
    const node = addPassThrough(plan, nodes, merge)
    const sources = [...new Set(this.inputs.flatMap(({ state }) => this.sourcesOf(state)))]
    // Kafka Streams demands it of the topics before the repartition steps too, which need it not.
    if (sources.length > 1) plan.copartition(sources)
    const place = { plan, handles, name: merge, node, key: undefined, value: undefined, sources }
    if (late) {
      const lateNode = addPassThrough(plan, nodes, late.late)
      const { key } = this.first
      const at = { name: late.late, node: lateNode, key, repartitionRequired: false }
      options.late(handles.stream<K, unknown>({ ...place, ...at }))
    }
    return place
  }

  private parentOf(state: DeclaredGroupState<K, unknown>, storeName: string): LogicalNode {
    if (!state.repartitionRequired) return state.node
    const { plan, groupName } = state
    const purpose = 'repartitions its input'
    // The numbers are spent even where the step is there already.
    const step = repartitionStep(plan, {
      prefix: groupName ?? storeName,
      key: neededSerde(state.key, 'key', `The cogroup of ${state.name}`, purpose),
      value: neededSerde(state.value, 'value', `The grouping before ${state.name}`, purpose),
    })
    const known = this.repartitioned.get(state)
    if (known) return known
    const node = plan.add([state.node], step)
    this.repartitioned.set(state, node)
    return node
  }

  private sourcesOf(state: DeclaredGroupState<K, unknown>): readonly string[] {
    const repartitioned = this.repartitioned.get(state)
    return repartitioned ? [repartitioned.name] : state.sources
  }
}

/** An input among others of other value types: it is only ever given records of its own stream. */
function anyInput<K, V, Agg>(
  state: DeclaredGroupState<K, V>,
  aggregator: Aggregator<K, V, Agg>,
): CogroupInput<K, Agg> {
  return {
    state: state as DeclaredGroupState<K, unknown>,
    aggregator: aggregator as Aggregator<K, unknown, Agg>,
  }
}
