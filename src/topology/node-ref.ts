/**
 * Names a node of a topology in typed code, with the keys and values that it forwards.
 *
 * `forwards` never exists at run time; it carries the types from where a node is added to where it is a parent.
 */
export interface NodeRef<K = unknown, V = unknown> {
  readonly nodeName: string
  readonly forwards?: readonly [K, V]
}

/** A parent: a node's reference, typed, or its name, unchecked. */
export type Parent<K, V> = NodeRef<K, V> | string

export function nameOfNode(parent: Parent<unknown, unknown>): string {
  return typeof parent === 'string' ? parent : parent.nodeName
}
