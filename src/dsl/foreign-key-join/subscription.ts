/** What is to become of a subscription, and what is to be answered. The numbers are those of Kafka Streams. */
export const instruction = {
  /** Delete it, answer nothing. */
  deleteSilently: 0,
  /** Delete it, answer that there is nothing to join with. */
  deleteAndAnswer: 1,
  /** Keep it, answer what there is to join with, also where that is nothing. */
  answerAlways: 2,
  /** Keep it, answer where there is something to join with. */
  answerIfPresent: 3,
} as const

/** One of {@link instruction}. */
export type Instruction = (typeof instruction)[keyof typeof instruction]

/**
 * What a row of the first table asks of the row of the second one that its foreign key names: it travels under that key,
 * and is kept there to be answered again whenever that row changes.
 *
 * @remarks Source: Java's `SubscriptionWrapper`.
 */
export interface Subscription<K> {
  /** The hash of the row as it was; null for a row that was deleted. */
  readonly hash: Buffer | null
  readonly instruction: Instruction
  readonly primaryKey: K
  /** Where the row came from; undefined in what Kafka Streams wrote before 3.4. */
  readonly primaryPartition: number | undefined
}

/**
 * The answer to a subscription, which travels under the key of the row that asked.
 *
 * @remarks Source: Java's `SubscriptionResponseWrapper`.
 */
export interface SubscriptionResponse<V> {
  /** The hash that the subscription had: where the row has another one by now, the answer is stale. */
  readonly hash: Buffer | null
  /** Null where there is nothing to join with. */
  readonly foreignValue: V | null
  /** Where the answer goes; not written. */
  readonly primaryPartition: number | undefined
}

/** What subscriptions are kept by: in order of the foreign key, so that one change finds all that ask for it. */
export interface SubscriptionKey<OtherK, K> {
  readonly foreignKey: OtherK
  readonly primaryKey: K
}
