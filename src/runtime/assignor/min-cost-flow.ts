interface Edge {
  readonly to: number
  readonly cost: number
  /** The index of the edge that takes flow back. */
  readonly back: number
  left: number
}

/**
 * Sends as much as possible through a network of integer capacities, at the least cost; costs may be negative as long
 * as no cycle is. The same edges in the same order give the same flow.
 */
export class MinCostFlow {
  readonly #edges: Edge[] = []
  readonly #from: number[][]

  constructor(nodes: number) {
    this.#from = Array.from({ length: nodes }, () => [])
  }

  /** Gives what {@link flowOf} tells the edge by. */
  addEdge(from: number, to: number, capacity: number, cost: number): number {
    const index = this.#edges.length
    this.#edges.push({ to, cost, back: index + 1, left: capacity })
    this.#edges.push({ to: from, cost: -cost, back: index, left: 0 })
    this.#from[from]!.push(index)
    this.#from[to]!.push(index + 1)
    return index
  }

  flowOf(edge: number): number {
    return this.#edges[this.#edges[edge]!.back]!.left
  }

  /** Sends along the cheapest path for as long as there is one. */
  run(source: number, sink: number): void {
    for (let path = this.#cheapest(source, sink); path; path = this.#cheapest(source, sink)) {
      const amount = Math.min(...path.map((edge) => edge.left))
      for (const edge of path) {
        edge.left -= amount
        this.#edges[edge.back]!.left += amount
      }
    }
  }

  /** By Bellman and Ford's method with a queue, since edges that take flow back have negative costs. */
  #cheapest(source: number, sink: number): Edge[] | undefined {
    const costs = new Array<number>(this.#from.length).fill(Infinity)
    const by = new Array<Edge | undefined>(this.#from.length)
    const queued = new Set([source])
    costs[source] = 0
    for (const node of queued) {
      queued.delete(node)
      for (const index of this.#from[node]!) {
        const edge = this.#edges[index]!
        const cost = costs[node]! + edge.cost
        if (edge.left === 0 || cost >= costs[edge.to]!) continue
        costs[edge.to] = cost
        by[edge.to] = edge
        queued.add(edge.to)
      }
    }
    if (by[sink] === undefined) return undefined
    const path: Edge[] = []
    for (let at = sink; at !== source;) {
      const edge = by[at]!
      path.push(edge)
      at = this.#edges[edge.back]!.to
    }
    return path
  }
}
