import { topicPartitionName } from '../../core/topic-partition.ts'
import type { Headers } from '../../core/headers.ts'
import type {
  CommittedOffset,
  GroupIdentity,
  IdentityRenewal,
  Producer,
} from '../../broker/port.ts'
import type { BrokerLink } from './broker-link.ts'

/** A producer over a link on which things go wrong. */
export class FaultyProducer implements Producer {
  readonly #producer: Producer
  readonly #link: BrokerLink
  readonly #written = new Map<string, { readonly topic: string; readonly partition: number }>()
  /** What the worker has heard of; the broker may be further on. */
  #lastOffsets = new Map<string, number>()

  constructor(producer: Producer, link: BrokerLink) {
    this.#producer = producer
    this.#link = link
  }

  get bufferedBytes(): number {
    return this.#producer.bufferedBytes
  }

  send(
    topic: string,
    partition: number,
    timestampMs: number,
    key: Buffer | null,
    value: Buffer | null,
    headers?: Headers,
  ): void {
    if (this.#link.process.isDead) return
    this.#producer.send(topic, partition, timestampMs, key, value, headers)
    const name = topicPartitionName(topic, partition)
    if (!this.#written.has(name)) this.#written.set(name, { topic, partition })
  }

  prepare(topics: readonly string[]): Promise<void> {
    return this.#link.call('metadata', () => this.#producer.prepare(topics))
  }

  ready(): Promise<void> | undefined {
    const waiting = this.#producer.ready()
    return waiting && this.#link.call('ready', () => waiting)
  }

  flush(): Promise<void> {
    return this.#heard('flush', () => this.#producer.flush())
  }

  lastOffset(topic: string, partition: number): number | undefined {
    return this.#lastOffsets.get(topicPartitionName(topic, partition))
  }

  beginTransaction(): void {
    if (!this.#link.process.isDead) this.#producer.beginTransaction()
  }

  sendOffsets(
    member: GroupIdentity,
    offsets: readonly CommittedOffset[],
    renew?: IdentityRenewal,
  ): Promise<void> {
    const { process } = this.#link
    this.#link.note('sends offsets', offsets)
    const renewed: IdentityRenewal | undefined =
      renew && ((refused, error) => process.ask(() => renew(refused, error)))
    const run = (): Promise<void> => this.#producer.sendOffsets(member, offsets, renewed)
    return this.#link.call('txnOffsetCommit', run)
  }

  commitTransaction(): Promise<void> {
    return this.#heard('commitTransaction', () => this.#producer.commitTransaction())
  }

  abortTransaction(): Promise<void> {
    return this.#link.call('abortTransaction', () => this.#producer.abortTransaction())
  }

  close(): Promise<void> {
    return this.#heard('closeProducer', () => this.#producer.close())
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** What was written by then is known when the answer is there, and nothing that was written since. */
  #heard(request: string, run: () => Promise<void>): Promise<void> {
    let known = this.#lastOffsets
    const running = async (): Promise<void> => {
      await run()
      known = this.#acknowledged()
    }
    return this.#link.call(request, running).then(() => {
      this.#lastOffsets = known
    })
  }

  #acknowledged(): Map<string, number> {
    const offsets = new Map<string, number>()
    for (const [name, { topic, partition }] of this.#written) {
      const offset = this.#producer.lastOffset(topic, partition)
      if (offset !== undefined) offsets.set(name, offset)
    }
    return offsets
  }
}
