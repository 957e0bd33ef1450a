import { ProductionError } from '../../core/errors.ts'
import type { Serde } from '../../serdes/serde.ts'
import { keyValueStore } from '../../state/key-value-store-spec.ts'
import type { KeyValueStoreSpec } from '../../state/store-spec.ts'
import type { StoreRef } from '../../state/store.ts'
import { repartitionTopic } from '../../topology/internal-topics.ts'
import type { StreamPartitioner } from '../../topology/topology-plan.ts'
import type { Topology } from '../../topology/topology.ts'
import type { Joiner } from '../callbacks.ts'
import type { DeclaredTableState } from '../declared.ts'
import type { LogicalNode } from '../logical-node.ts'
import type { ForeignKeyJoinOptions } from '../operator-options.ts'
import { repartitionSource } from '../repartition.ts'
import type { TableView } from '../table-view.ts'
import { ForeignTableJoinProcessor } from './foreign-table-join.ts'
import { Askers } from './askers.ts'
import type { ForeignKeyJoinNames } from './join-names.ts'
import type { JoinSerdes } from './join-serdes.ts'
import { PseudoTopics } from './pseudo-topics.ts'
import { ResponseJoinProcessor } from './response-join.ts'
import { SubscriptionJoinProcessor } from './subscription-join.ts'
import { subscriptionKeySerde } from './subscription-key-serde.ts'
import { SubscriptionReceiveProcessor } from './subscription-receive.ts'
import { subscriptionResponseSerde } from './subscription-response-serde.ts'
import { SubscriptionSendProcessor } from './subscription-send.ts'
import { subscriptionSerde } from './subscription-serde.ts'
import type { Subscription, SubscriptionKey, SubscriptionResponse } from './subscription.ts'

type Write = (topology: Topology, parents: readonly string[]) => void

/** Adds the steps of one join to the plan, in the order in which Kafka Streams does. */
export class JoinSteps<K, V, OtherK, OtherV> {
  readonly serdes: JoinSerdes<K, V, OtherK, OtherV>
  readonly #names: ForeignKeyJoinNames
  readonly #table: DeclaredTableState<K, V>
  readonly #other: DeclaredTableState<OtherK, OtherV>
  readonly #topics: PseudoTopics
  readonly #askers = new Askers<K, V>()
  readonly #subscription: Serde<Subscription<K>>
  readonly #store: KeyValueStoreSpec<SubscriptionKey<OtherK, K>, Subscription<K>>

  constructor(
    names: ForeignKeyJoinNames,
    serdes: JoinSerdes<K, V, OtherK, OtherV>,
    table: DeclaredTableState<K, V>,
    other: DeclaredTableState<OtherK, OtherV>,
  ) {
    const topics = new PseudoTopics(names.subscriptionTopic, names.store)
    this.serdes = serdes
    this.#names = names
    this.#table = table
    this.#other = other
    this.#topics = topics
    this.#subscription = subscriptionSerde(serdes.key, topics)
    this.#store = keyValueStore({
      name: names.store,
      key: subscriptionKeySerde(serdes.foreignKey, serdes.key, topics),
      value: this.#subscription,
    })
  }

  add(
    name: string,
    parents: readonly LogicalNode[],
    write: Write,
    requires: readonly LogicalNode[] = [],
  ): LogicalNode {
    return this.#table.plan.add(parents, { name, write, requires, boundToPartition: true })
  }

  /** From this table to where the other one is: subscriptions on their way. Returns where they are read. */
  addSubscriptions<Out>(
    left: boolean,
    { on, otherPartitioner }: ForeignKeyJoinOptions<K, V, OtherK, Out>,
  ): LogicalNode {
    const { subscriptionTopic, send, subscriptionSink, subscriptionSource } = this.#names
    const { foreignKey, value } = this.serdes
    const { backing, plan, node } = this.#table
    const isVersioned = (): boolean => backing.isVersioned()
    const sending = {
      on,
      left,
      foreignKey,
      value,
      topics: this.#topics,
      askers: this.#askers,
      isVersioned,
    }
    const topic = { name: subscriptionTopic, key: foreignKey, value: this.#subscription }
    const sent = this.add(send, [node], (topology, parents) => {
      topology.addProcessor(send, () => new SubscriptionSendProcessor(sending), { parents })
    })
    const written = this.add(subscriptionSink, [sent], (topology, parents) => {
      topology.addInternalTopic(repartitionTopic(subscriptionTopic, undefined))
      topology.addSink(subscriptionSink, topic, { parents, ...partitionedBy(otherPartitioner) })
    })
    const read = this.add(subscriptionSource, [written], (topology) => {
      topology.addSource(subscriptionSource, topic, repartitionSource)
    })
    plan.copartition([...new Set([...this.#other.sources, read.name])])
    return read
  }

  /** Where the other table is: subscriptions are kept and answered, when they come and when rows change. */
  addAnswers(subscriptions: LogicalNode): readonly [LogicalNode, LogicalNode] {
    const { receive, join, foreignJoin, store: storeName } = this.#names
    const { backing, node } = this.#other
    const stores = [this.#store]
    const received = this.add(receive, [subscriptions], (topology, parents) => {
      topology.addProcessor(receive, () => new SubscriptionReceiveProcessor(storeName), {
        parents,
        keepsKey: true,
        stores,
      })
    })
    const view = backing.view()
    const joined = this.add(
      join,
      [received],
      (topology, parents) => {
        topology.addProcessor(join, () => new SubscriptionJoinProcessor(view), {
          parents,
          stores: storesOf(view),
        })
      },
      [node],
    )
    const { foreignKey } = this.serdes
    const isVersioned = (): boolean => backing.isVersioned()
    const changes = { storeName, foreignKey, topics: this.#topics, isVersioned }
    const changed = this.add(foreignJoin, [node], (topology, parents) => {
      topology.addProcessor(foreignJoin, () => new ForeignTableJoinProcessor(changes), {
        parents,
        stores,
      })
    })
    return [joined, changed]
  }

  /** From where the other table is back to this one: answers on their way. Returns where they are read. */
  addResponses<Out>(
    answers: readonly LogicalNode[],
    { partitioner }: ForeignKeyJoinOptions<K, V, OtherK, Out>,
  ): LogicalNode {
    const { responseTopic, responseSink, responseSource } = this.#names
    const { key, foreignValue } = this.serdes
    const topic = { name: responseTopic, key, value: subscriptionResponseSerde(foreignValue) }
    const written = this.add(responseSink, answers, (topology, parents) => {
      topology.addInternalTopic(repartitionTopic(responseTopic, undefined))
      topology.addSink(responseSink, topic, {
        parents,
        partitioner: partitioner ? keyPartitioner(partitioner) : toPrimaryPartition,
      })
    })
    return this.add(responseSource, [written], (topology) => {
      topology.addSource(responseSource, topic, repartitionSource)
    })
  }

  /** Where this table is: answers become rows of the result. */
  addResolver<Out>(
    responses: LogicalNode,
    joiner: Joiner<K, V | null, OtherV | null, Out | null>,
    left: boolean,
  ): LogicalNode {
    const { resolver } = this.#names
    const { backing, node } = this.#table
    const view = backing.view()
    const { value } = this.serdes
    const join = { view, value, joiner, left, topics: this.#topics, askers: this.#askers }
    return this.add(
      resolver,
      [responses],
      (topology, parents) => {
        topology.addProcessor(resolver, () => new ResponseJoinProcessor(join), {
          parents,
          keepsKey: true,
          stores: storesOf(view),
        })
      },
      [node],
    )
  }
}

function storesOf(view: Pick<TableView<never, never>, 'storeNames'>): StoreRef[] {
  return view.storeNames.map((storeName) => ({ storeName }))
}

/** An answer goes to the partition that its row came from, however that was chosen. */
const toPrimaryPartition: StreamPartitioner<unknown, SubscriptionResponse<unknown>> = (
  _topic,
  _key,
  response,
) => response.primaryPartition

/** A partitioner of the user's, which is told no value: subscriptions and answers are not the table's. */
function keyPartitioner<K, V>(partitioner: StreamPartitioner<K, null>): StreamPartitioner<K, V> {
  return (topic, key, _value, partitions) => {
    const chosen = partitioner(topic, key, null, partitions)
    // More than one would keep a subscription twice, or answer it twice; none would lose it.
    if (typeof chosen !== 'object' || chosen.length === 1) return chosen
    throw new ProductionError(
      `the partitioner of a foreign-key join chose ${chosen.length} partitions of ${topic}; it must choose one`,
    )
  }
}

function partitionedBy<K, V>(
  partitioner: StreamPartitioner<K, null> | undefined,
): { readonly partitioner?: StreamPartitioner<K, V> } {
  return partitioner ? { partitioner: keyPartitioner(partitioner) } : {}
}
