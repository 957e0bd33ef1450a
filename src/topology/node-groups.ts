/**
 * Sets of nodes that must run in one task: those joined by an edge, and those that share a store.
 *
 * @remarks Source: Java's `QuickUnion`.
 */
export class NodeGroups {
  private readonly parents = new Map<string, string>()

  add(name: string): void {
    this.parents.set(name, name)
  }

  /** The node that stands for the whole group of this one. */
  root(name: string): string {
    let current = name
    for (;;) {
      const parent = this.parents.get(current) ?? current
      if (parent === current) return current
      const grandparent = this.parents.get(parent) ?? parent
      this.parents.set(current, grandparent)
      current = grandparent
    }
  }

  unite(name: string, other: string): void {
    this.parents.set(this.root(name), this.root(other))
  }
}
