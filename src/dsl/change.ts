/**
 * An update of a table, as it travels between table operators: the new value and, where a downstream operator needs
 * it, the one it replaces. Null is absence: a null new value is a deletion.
 *
 * @remarks Source: Java's `Change`.
 */
export class Change<V> {
  readonly newValue: V | null
  readonly oldValue: V | null
  /** False where a versioned table got the update behind a newer one. */
  readonly isLatest: boolean

  constructor(newValue: V | null, oldValue: V | null, isLatest = true) {
    this.newValue = newValue
    this.oldValue = oldValue
    this.isLatest = isLatest
  }
}
