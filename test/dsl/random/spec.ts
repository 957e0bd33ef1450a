/** The windows of an aggregation. All times are milliseconds. */
export type WindowsSpec =
  | {
      readonly type: 'tumbling' | 'hopping' | 'sliding'
      readonly size: number
      readonly grace: number
      readonly advance?: number
    }
  | { readonly type: 'session'; readonly gap: number; readonly grace: number }

/**
 * An operator of a random topology. It refers to the values of earlier operators by number; what it computes is chosen
 * by `f`, see functions.ts. `branch` gives several values, `to` none, all others one.
 */
export interface OpSpec {
  readonly op: string
  readonly of?: number
  readonly with?: number
  readonly f?: number
  readonly name?: string
  readonly store?: string
  readonly topic?: string
  readonly topics?: readonly string[]
  readonly branches?: number
  readonly rest?: boolean
  readonly groups?: readonly number[]
  readonly windows?: WindowsSpec
  readonly emit?: 'close'
  readonly before?: number
  readonly after?: number
  readonly grace?: number
  readonly history?: number
  readonly retention?: number
  readonly limit?: number
  readonly maxRecords?: number
}

/** Topic, key, value and timestamp of a record. */
export type InputSpec = readonly [string, string | null, string | null, number]

/** A random topology and what goes through it. */
export interface CaseSpec {
  readonly seed: number
  readonly config?: Readonly<Record<string, string>>
  readonly ops: readonly OpSpec[]
  readonly inputs: readonly InputSpec[]
}

/** What a case gives: records as key, value and timestamp by topic, and rows by store. */
export type CaseResult =
  | {
      readonly describe: string
      readonly outputs: Readonly<Record<string, readonly unknown[][]>>
      readonly stores: Readonly<Record<string, readonly unknown[][]>>
    }
  | { readonly refused: string }

/** The types of what an operator gives: text, windows or sessions as keys; text or numbers as values. */
export interface ValueType {
  readonly kind: 'stream' | 'table' | 'global' | 'grouped' | 'groupedTable'
  readonly key: 'text' | 'window' | 'session'
  readonly value: 'text' | 'number'
  readonly sizeMs: number
  /**
   * A table whose updates deliberately have other old values than in Kafka Streams: of a count's first update none
   * instead of 0, of a suppressed update the one that was let through last. What uses old values is not declared of it.
   */
  readonly otherOldValues?: true
  /** Windows whose end belongs to them: Kafka Streams takes them for closed a millisecond early where it suppresses, and
   * passes on other old values. */
  readonly endIncluded?: true
  /** Whether one record that goes in may change the same key more than once. */
  readonly several?: true
  /** The topics that it comes of. */
  readonly sources?: readonly string[]
  /** How many joins of streams lie before it, for each may multiply records. @defaultValue none */
  readonly joins?: number
  /** A table in a versioned store. */
  readonly history?: true
}
