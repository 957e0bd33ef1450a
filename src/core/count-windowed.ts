/** A key together with the stretch of its records that a value belongs to: what comes of aggregations by count. */
export interface CountWindowed<K> {
  readonly key: K
  /** The first record of the window, counted by key from 0. */
  readonly first: number
  /** The record after the last of the window: `first` and the windows' size. */
  readonly end: number
}
