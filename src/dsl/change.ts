/**
 * An update of a table, as it travels between table operators: the new value and, where a downstream operator needs
 * it, the one it replaces. Null is absence: a null new value is a deletion.
 *
 * @remarks Source: Java's `Change`.
 */
export class Change<V> {
  readonly newValue: V | null
  readonly oldValue: V | null

  constructor(newValue: V | null, oldValue: V | null) {
    this.newValue = newValue
    this.oldValue = oldValue
  }
}
