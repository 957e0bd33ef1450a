import type { Header } from '../../../src/core/headers.ts'
import {
  deadLetterAt,
  redrivenHeaders,
  type DeadLetter,
} from '../../../src/dead-letters/dead-letter.ts'
import { DeadLetters } from '../../../src/runtime/dead-letters.ts'
import { silentLogger } from '../../../src/core/logger.ts'
import type { DroppedLetters } from '../../../src/runtime/held-back/dropped-letters.ts'
import { VirtualClock } from '../../../src/testing/virtual-clock.ts'
import type { CrashableOptions, CrashableTask } from '../crashable-task.ts'
import { fetched, type InputText } from '../fetched-records.ts'
import type { SentText } from '../task-harness.ts'

const topic = 'app-dead-letters'

/** Writes dead letters as a worker does. */
export const writeDeadLetter: NonNullable<CrashableOptions['deadLetter']> = (collector, dead) => {
  const clock = new VirtualClock(0)
  const letters = new DeadLetters({
    topic,
    applicationId: 'app',
    collector: Object.assign(Object.create(collector) as typeof collector, { partitions: () => 1 }),
    clock,
    logger: silentLogger,
  })
  letters.write(dead)
}

/** What operators dropped, of which a task learns when it looks. */
export class TestDroppedLetters implements DroppedLetters {
  readonly #log: { readonly topic: string; readonly offset: number }[] = []
  position = 0

  get version(): number {
    return this.position
  }

  get end(): number {
    return this.#log.length
  }

  of(from: string): ReadonlySet<number> {
    const known = this.#log.slice(0, this.position).filter((each) => each.topic === from)
    return new Set(known.map(({ offset }) => offset))
  }

  async readTo(offset: number): Promise<void> {
    await Promise.resolve()
    this.position = Math.max(this.position, offset)
  }

  drop(from: string, offset: number): void {
    this.#log.push({ topic: from, offset })
  }
}

/** Works off the dead letters of a task that were committed, on its input of that name. */
export class Operator {
  readonly #task: CrashableTask
  readonly #input: InputText[]
  readonly #dropped: TestDroppedLetters
  readonly #done = new Set<SentText>()
  /** The values that were given up. */
  readonly givenUp = new Set<string>()

  constructor(task: CrashableTask, input: InputText[], dropped: TestDroppedLetters) {
    this.#task = task
    this.#input = input
    this.#dropped = dropped
  }

  get pending(): readonly SentText[] {
    return this.#task.committed.filter((each) => each.topic === topic && !this.#done.has(each))
  }

  /** Redrives those of which a pattern, applied again and again, says true; in their order. */
  redrive(pattern: readonly boolean[]): void {
    for (const [i, sent] of this.pending.entries()) {
      if (!pattern[i % pattern.length]) continue
      const letter = letterOf(sent)
      const to = { topic: letter.origin.topic!, partition: letter.origin.partition! }
      const headers: Header[] = redrivenHeaders(letter, to, this.#dropped.end)
      const { key, value, timestampMs } = sent
      this.#input.push({ key, value, timestampMs, headers })
      this.#done.add(sent)
    }
    this.#task.feed()
  }

  /** Gives one up, counted round. */
  drop(at: number): void {
    const { pending } = this
    const sent = pending[at % Math.max(1, pending.length)]
    if (!sent) return
    const { holdsBack } = letterOf(sent)
    if (holdsBack) this.#dropped.drop(holdsBack.topic, holdsBack.offset)
    this.#done.add(sent)
    this.givenUp.add(sent.value!)
  }
}

function letterOf({ key, value, timestampMs, headers }: SentText): DeadLetter {
  const { records } = fetched(topic, [{ key, value, timestampMs, headers }])
  records.next()
  return deadLetterAt({ topic, partition: 0 }, records)
}
