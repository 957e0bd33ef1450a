import { randomUUID } from 'node:crypto'
import { TopicProducer, type TopicProducerOptions } from 'millrace'
import type { PurchaseRecorded } from './generated/schemas.ts'
import type { LoggedPurchase } from './purchase-log.ts'
import { purchases } from './topics.ts'

/** The shop's till: says what was bought, and knows nothing of who listens. */
export class PurchasePublisher {
  readonly #producer: TopicProducer<string, PurchaseRecorded>

  private constructor(producer: TopicProducer<string, PurchaseRecorded>) {
    this.#producer = producer
  }

  static async open(options: TopicProducerOptions): Promise<PurchasePublisher> {
    return new PurchasePublisher(await TopicProducer.open(purchases, options))
  }

  /** Publishes the log's purchases at the event time that the log gives them. */
  async publishAll(
    log: readonly LoggedPurchase[],
    onProgress: (published: number) => void = () => {},
  ): Promise<void> {
    for (const [index, purchase] of log.entries()) {
      await this.publish(purchase)
      if (index % 500 === 0) onProgress(index)
    }
    await this.#producer.flush()
    onProgress(log.length)
  }

  async publish({ purchasedAtMs, ...purchase }: LoggedPurchase): Promise<void> {
    await this.#producer.send({
      key: purchase.customerId,
      value: { ...purchase, purchasedAt: purchasedAtMs },
      timestampMs: purchasedAtMs,
    })
  }

  /** Records a purchase that is made now; resolves to its id when it is safe. */
  async record(customerId: string, units: number, valueCents: number): Promise<string> {
    const purchaseId = `till-${randomUUID()}`
    const value = BigInt(valueCents)
    await this.publish({
      purchaseId,
      customerId,
      units,
      valueCents: value,
      purchasedAtMs: Date.now(),
    })
    await this.#producer.flush()
    return purchaseId
  }

  async close(): Promise<void> {
    await this.#producer.close()
  }
}
