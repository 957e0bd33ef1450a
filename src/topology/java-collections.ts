// Kafka Streams prints a topology in the order in which Java's collections happen to hold its parts. To print the
// same text, that order is computed here.

/** `String.hashCode` with the bits that `HashMap` mixes in. */
function spreadHash(text: string): number {
  let hash = 0
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0
  return hash ^ (hash >>> 16)
}

const leastCapacity = 16
const loadFactor = 0.75

function inBuckets(texts: readonly string[], capacity: number): string[] {
  const bucket = (text: string): number => spreadHash(text) & (capacity - 1)
  // Within a bucket entries stay in the order of insertion, which a stable sort keeps.
  return [...new Set(texts)].sort((a, b) => bucket(a) - bucket(b))
}

/** The order of a `HashMap` or `HashSet` to which these keys were added one by one. */
export function hashOrder(texts: readonly string[]): string[] {
  let capacity = leastCapacity
  while (new Set(texts).size > capacity * loadFactor) capacity *= 2
  return inBuckets(texts, capacity)
}

/** The order of a `HashSet` that was made as a copy of these. */
export function copiedHashOrder(texts: readonly string[]): string[] {
  const wanted = Math.max(Math.floor(texts.length / loadFactor) + 1, leastCapacity)
  let capacity = leastCapacity
  while (capacity < wanted) capacity *= 2
  return inBuckets(texts, capacity)
}

interface TreeNode<T> {
  readonly item: T
  left: TreeNode<T> | undefined
  right: TreeNode<T> | undefined
  parent: TreeNode<T> | undefined
  red: boolean
}

/**
 * Java's `TreeSet`, a red-black tree. Its items' order may change after they were added, and then where an item
 * lies depends on how the tree is balanced: so it is balanced as in Java.
 */
export class JavaTreeSet<T> implements Iterable<T> {
  private readonly compare: (a: T, b: T) => number
  private root: TreeNode<T> | undefined

  constructor(compare: (a: T, b: T) => number) {
    this.compare = compare
  }

  add(item: T): void {
    let parent: TreeNode<T> | undefined
    let order = 0
    for (let at = this.root; at; at = order < 0 ? at.left : at.right) {
      order = this.compare(item, at.item)
      if (order === 0) return
      parent = at
    }
    const node: TreeNode<T> = { item, left: undefined, right: undefined, parent, red: true }
    if (!parent) this.root = node
    else if (order < 0) parent.left = node
    else parent.right = node
    this.balance(node)
  }

  *[Symbol.iterator](): Iterator<T> {
    yield* inOrder(this.root)
  }

  private balance(added: TreeNode<T>): void {
    let node = added
    while (node.parent?.red && node.parent.parent) {
      const parent = node.parent
      const grandparent = node.parent.parent
      const onLeft = parent === grandparent.left
      const uncle = onLeft ? grandparent.right : grandparent.left
      if (uncle?.red) {
        parent.red = false
        uncle.red = false
        grandparent.red = true
        node = grandparent
        continue
      }
      if (node === (onLeft ? parent.right : parent.left)) {
        node = parent
        this.rotate(node, onLeft)
      }
      node.parent!.red = false
      grandparent.red = true
      this.rotate(grandparent, !onLeft)
    }
    this.root!.red = false
  }

  /** Puts a node below its right child (`toLeft`) or its left one. */
  private rotate(node: TreeNode<T>, toLeft: boolean): void {
    const riser = (toLeft ? node.right : node.left)!
    const inner = toLeft ? riser.left : riser.right
    if (toLeft) node.right = inner
    else node.left = inner
    if (inner) inner.parent = node
    riser.parent = node.parent
    if (!node.parent) this.root = riser
    else if (node.parent.left === node) node.parent.left = riser
    else node.parent.right = riser
    if (toLeft) riser.left = node
    else riser.right = node
    node.parent = riser
  }
}

function* inOrder<T>(node: TreeNode<T> | undefined): Generator<T> {
  if (!node) return
  yield* inOrder(node.left)
  yield node.item
  yield* inOrder(node.right)
}
