import { TopologyError } from '../core/errors.ts'
import type { DeadRecord } from '../runtime/error-handlers.ts'
import type { DroppedLetters } from '../runtime/held-back/dropped-letters.ts'
import { DroppedOffsets } from '../runtime/held-back/dropped-offsets.ts'
import type { HoldBackOptions } from '../runtime/held-back/held-back.ts'
import {
  readRedrivenFrom,
  redrivenFrom,
  redrivenFromHeader,
  type FirstPlace,
} from '../runtime/redriven-from.ts'
import type { RawTestRecord } from './raw-test-record.ts'

/** What a test does with dead letters, in the place of an operator. */
export class TestDeadLetters implements DroppedLetters {
  readonly #applicationId: string
  readonly #holdsBack: boolean
  readonly #dropped = new DroppedOffsets()
  version = 0

  constructor(applicationId: string, holdsBack: boolean) {
    this.#applicationId = applicationId
    this.#holdsBack = holdsBack
  }

  get holdBack(): HoldBackOptions | undefined {
    if (!this.#holdsBack) return undefined
    return { maxRecords: Number.POSITIVE_INFINITY, onLimit: 'fail', dropped: this }
  }

  get position(): number {
    return this.version
  }

  of(topic: string, partition: number): ReadonlySet<number> {
    return this.#dropped.of(topic, partition)
  }

  readTo(): Promise<void> {
    return Promise.resolve()
  }

  drop(letter: DeadRecord): void {
    this.#dropped.add(this.#firstPlace(letter))
    this.version++
  }

  /** A dead letter as it goes back to its topic. */
  redriven(letter: DeadRecord): {
    readonly topic: string
    readonly record: Omit<RawTestRecord, 'offset'>
  } {
    const place = this.#firstPlace(letter)
    const { timestampMs, key, value } = letter
    const own = letter.headers.filter((header) => header.key !== redrivenFromHeader)
    const header = redrivenFrom({ ...place, droppedTo: this.version })
    const headers = letter.holdsBack ? [...own, header] : own
    const { topic, partition } = place
    return { topic, record: { partition, timestampMs, key, value, headers } }
  }

  #firstPlace({ topic, partition, offset, headers }: DeadRecord): FirstPlace {
    if (topic === undefined || partition === undefined || offset === undefined) {
      throw new TopologyError('The dead letter came from no topic, so there is none to write it to')
    }
    const applicationId = this.#applicationId
    const place = { applicationId, topic, partition, offset }
    return readRedrivenFrom(headers, applicationId, place) ?? place
  }
}
