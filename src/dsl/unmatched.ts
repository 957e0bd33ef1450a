/** Under what a join keeps a record that has no match yet. Source: Java's `TimestampedKeyAndJoinSide`. */
export interface UnmatchedKey<K> {
  readonly timestampMs: number
  /** Whether it came on the stream that `join` was called on. */
  readonly left: boolean
  readonly key: K
}

/** A value of one side of a join. Source: Java's `LeftOrRightValue`. */
export type SideValue<V, OtherV> =
  { readonly left: true; readonly value: V } | { readonly left: false; readonly value: OtherV }
