import type { Predicate } from './callbacks.ts'
import type { DeclaredStreamState } from './declared.ts'
import type { LogicalNode } from './logical-node.ts'
import type { NamedOptions } from './operator-options.ts'
import { BranchProcessor } from './processors/branch.ts'
import { passThrough } from './processors/pass-through.ts'
import type { BranchedKStream, KStream } from './k-stream.ts'

/** A split as the builder makes it. Source: Java's `BranchedKStreamImpl`. */
export class DeclaredBranches<K, V> implements BranchedKStream<K, V> {
  private readonly stream: DeclaredStreamState<K, V>
  private readonly name: string
  private readonly splitter: LogicalNode
  private readonly predicates: Predicate<K, V>[] = []
  private readonly children: string[] = []
  private readonly branches = new Map<string, KStream<K, V>>()

  constructor(stream: DeclaredStreamState<K, V>, options: NamedOptions) {
    this.stream = stream
    const name = stream.plan.processorName('KSTREAM-BRANCH-', options.name)
    this.name = name
    const branches = { predicates: this.predicates, children: this.children }
    this.splitter = stream.plan.add([stream.node], {
      name,
      records: 'kept',
      write(topology, parents) {
        topology.addProcessor(name, () => new BranchProcessor(branches), {
          parents,
          keepsKey: true,
        })
      },
    })
  }

  branch(predicate: Predicate<K, V>, options: NamedOptions = {}): this {
    this.predicates.push(predicate)
    this.addBranch(options.name ?? String(this.predicates.length))
    return this
  }

  defaultBranch(options: NamedOptions = {}): ReadonlyMap<string, KStream<K, V>> {
    this.addBranch(options.name ?? '0')
    return this.branches
  }

  noDefaultBranch(): ReadonlyMap<string, KStream<K, V>> {
    return this.branches
  }

  /** The branch that was added with this name. */
  named(name: string): KStream<K, V> {
    return this.branches.get(this.name + name)!
  }

  private addBranch(suffix: string): void {
    const { plan, handles } = this.stream
    const name = this.name + suffix
    this.children.push(name)
    // A number is spent on each branch, as in Kafka Streams.
    plan.processorName(name)
    const node = plan.add([this.splitter], {
      name,
      records: 'kept',
      write(topology, parents) {
        topology.addProcessor(name, () => passThrough, { parents, keepsKey: true })
      },
    })
    this.branches.set(name, handles.stream<K, V>({ ...this.stream, name, node }))
  }
}
