import type { CommittedOffset } from '../broker/port.ts'
import { StreamsError } from '../core/errors.ts'

/** Kafka refuses longer metadata unless it was configured otherwise (`offset.metadata.max.bytes`). */
const charactersMax = 4096

interface Span {
  readonly from: number
  /** The offset after the last. */
  to: number
}

/**
 * Which dead letters of one partition were redriven: all before an offset, and those in spans behind it, which come of
 * filters. Kept as the offset that a group has committed, the spans in its metadata, so that it changes together with what
 * is written.
 */
export class RedriveProgress {
  readonly #topic: string
  readonly #partition: number
  /** In order, with room between them; the first begins with the log. */
  #spans: Span[]

  constructor(topic: string, partition: number, committed: CommittedOffset | undefined) {
    this.#topic = topic
    this.#partition = partition
    this.#spans = [{ from: 0, to: committed?.offset ?? 0 }, ...spansOf(committed?.metadata)]
  }

  /** The first offset that is not done. */
  get next(): number {
    return this.#spans[0]!.to
  }

  isDone(offset: number): boolean {
    return this.#spans.some(({ from, to }) => from <= offset && offset < to)
  }

  /** Notes that offsets are done: redriven, or of no record. */
  add(from: number, to: number): void {
    if (from >= to) return
    const added = { from, to }
    const apart = this.#spans.filter((span) => span.to < from || span.from > to)
    for (const span of this.#spans) {
      if (apart.includes(span)) continue
      Object.assign(added, {
        from: Math.min(added.from, span.from),
        to: Math.max(added.to, span.to),
      })
    }
    this.#spans = [...apart, added].toSorted((a, b) => a.from - b.from)
  }

  /**
   * As it is to be committed.
   *
   * @throws StreamsError where too many records between redriven ones are not
   */
  committed(): CommittedOffset {
    const [first, ...rest] = this.#spans
    const metadata = rest.map(({ from, to }) => `${from}-${to}`).join(',')
    if (metadata.length > charactersMax) {
      throw new StreamsError(
        `What was redriven of ${this.#topic}, partition ${this.#partition}, is scattered over ${rest.length} places, which is ` +
          'more than can be kept. What is noted stays; redrive the rest without a filter, or with one that leaves out less',
      )
    }
    return { topic: this.#topic, partition: this.#partition, offset: first!.to, metadata }
  }
}

function spansOf(metadata: string | undefined): Span[] {
  if (metadata === undefined || metadata === '') return []
  return metadata.split(',').flatMap((text) => {
    const [from, to] = text.split('-').map(Number)
    return Number.isSafeInteger(from) && Number.isSafeInteger(to) ? [{ from: from!, to: to! }] : []
  })
}
