import type { SerdeContext } from '../../serdes/serde.ts'

/**
 * The topic names that serdes are told for parts of a record: schemas are kept by topic, and a part is not the whole of
 * any record. They come of the subscription topic's name, wherever the part is written.
 *
 * @remarks Source: the pseudo topics of Java's `KTableImpl.doJoinOnForeignKey`.
 */
export class PseudoTopics {
  readonly #subscriptionTopic: string
  readonly #changelog: string

  constructor(subscriptionTopic: string, storeName: string) {
    this.#subscriptionTopic = subscriptionTopic
    this.#changelog = `${storeName}-changelog`
  }

  /** For a primary key within the record or entry of a context. */
  primaryKey({ topic }: SerdeContext): SerdeContext {
    return { topic: `${this.#topicFor(topic)}-pk`, part: 'key' }
  }

  /** For a foreign key within the entry of a context. */
  foreignKey({ topic }: SerdeContext): SerdeContext {
    return { topic: `${this.#topicFor(topic)}-fk`, part: 'key' }
  }

  /** For a foreign key that a processor writes itself. */
  foreignKeyOf(applicationId: string): SerdeContext {
    return { topic: `${applicationId}-${this.#subscriptionTopic}-fk`, part: 'key' }
  }

  /** For a row that is hashed. */
  hashedValueOf(applicationId: string): SerdeContext {
    return { topic: `${applicationId}-${this.#subscriptionTopic}-vh`, part: 'value' }
  }

  /** The subscription topic on the broker, from its own name there or that of the store's changelog. */
  #topicFor(topic: string): string {
    if (!topic.endsWith(this.#changelog)) return topic
    return topic.slice(0, -this.#changelog.length) + this.#subscriptionTopic
  }
}
