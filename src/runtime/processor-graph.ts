import { StreamsError, TopologyError } from '../core/errors.ts'
import type { SubTopology, TimestampExtractor } from '../topology/topology-plan.ts'
import type { FailureRouter } from './failure-router.ts'
import type { GraphNode } from './graph-node.ts'
import { TaskProcessorNode } from './task-processor-node.ts'
import type { TaskScope } from './task-scope.ts'
import { TaskSinkNode, type SinkServices } from './task-sink-node.ts'
import { TaskSourceNode } from './task-source-node.ts'

/** What the nodes of a graph are made with. */
export interface ProcessorGraphOptions extends SinkServices {
  readonly subTopology: SubTopology
  readonly scope: TaskScope
  readonly failures: FailureRouter
  readonly timestampExtractor: TimestampExtractor | undefined
}

/** The nodes of a sub-topology, made for one task and joined by reference. */
export class ProcessorGraph {
  readonly #options: ProcessorGraphOptions
  readonly #sources = new Map<string, TaskSourceNode>()
  readonly #sourcesByTopic = new Map<string, TaskSourceNode>()
  readonly #processors: TaskProcessorNode[] = []
  readonly #initialized: TaskProcessorNode[] = []
  readonly #sinks: TaskSinkNode[] = []

  constructor(options: ProcessorGraphOptions) {
    this.#options = options
    const { subTopology, scope, failures, environment } = options
    const made = new Map<string, GraphNode>()
    for (const node of subTopology.nodes) {
      if (node.type === 'source') {
        const source = new TaskSourceNode(node, environment, options.timestampExtractor)
        this.#sources.set(node.name, source)
        made.set(node.name, source)
      } else if (node.type === 'processor') {
        const processor = new TaskProcessorNode(node, scope, failures)
        this.#processors.push(processor)
        made.set(node.name, processor)
      } else {
        const sink = new TaskSinkNode(node, scope, failures, options)
        this.#sinks.push(sink)
        made.set(node.name, sink)
      }
    }
    joinNodes(subTopology, made)
    for (const source of this.#sources.values()) source.findPrefetching()
    this.readTopics(subTopology)
  }

  /** Has the sources read the topics that they have here: those that match a pattern come and go. */
  readTopics({ nodes }: SubTopology): void {
    this.#sourcesByTopic.clear()
    for (const node of nodes) {
      if (node.type !== 'source') continue
      const source = this.#sources.get(node.name)!
      for (const topic of node.topics) {
        this.#sourcesByTopic.set(this.#options.brokerName(topic), source)
      }
    }
  }

  /** The topics on the broker that sources read. */
  get sourceTopics(): readonly string[] {
    return [...this.#sourcesByTopic.keys()]
  }

  /** The topics on the broker that sinks write to, as far as they are known before the records are. */
  get sinkTopics(): readonly string[] {
    return [
      ...new Set(this.#sinks.map((sink) => sink.topic).filter((topic) => topic !== undefined)),
    ]
  }

  /** Throws `TopologyError` where no source reads the topic. */
  sourceOf(topic: string): TaskSourceNode {
    const source = this.#sourcesByTopic.get(topic)
    if (source) return source
    throw new TopologyError(
      `No source of the sub-topology reads the topic ${topic}; it reads ${this.sourceTopics.join(', ')}.`,
    )
  }

  /** Prepares the sinks, then initializes the processors, parents before children. */
  async initialize(): Promise<void> {
    for (const sink of this.#sinks) await sink.prepare()
    for (const processor of this.#processors) {
      await processor.init()
      this.#initialized.push(processor)
    }
  }

  /** Closes all processors that were initialized, and then throws if any of them could not be closed. */
  async close(): Promise<void> {
    const failures: unknown[] = []
    for (const processor of this.#initialized.splice(0)) {
      try {
        await processor.close()
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length === 1) throw failures[0] as Error
    if (failures.length > 1) {
      const cause = new AggregateError(failures)
      throw new StreamsError(`${failures.length} processors could not be closed`, { cause })
    }
  }
}

function joinNodes(subTopology: SubTopology, made: ReadonlyMap<string, GraphNode>): void {
  for (const node of subTopology.nodes) {
    if (node.type === 'sink') continue
    const parent = made.get(node.name) as TaskSourceNode | TaskProcessorNode
    for (const name of node.children) {
      const child = made.get(name)
      if (!child) throw new TopologyError(`The child ${name} of ${node.name} is missing.`)
      parent.children.push(child)
    }
  }
}
