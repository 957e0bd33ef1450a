import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const fileName = 'offsets.json'

/** How far the offsets may have moved on before they are noted again, in records. */
const noteEvery = 10_000

/**
 * Notes beside a task's database how much of its changelogs it includes, since that has to be known of tasks that are
 * not open, and a database is slow to open. After a crash it is the sum of a while before, which is all that those who
 * share out the tasks need; what is restored goes by the offsets in the database.
 *
 * @remarks Source: the checkpoint file of Java's `ProcessorStateManager`, with its threshold.
 */
export class StoredOffsets {
  readonly #folder: string
  #noted: number
  #noting: Promise<void> | undefined

  constructor(folder: string, noted: number) {
    this.#folder = folder
    this.#noted = noted
  }

  /** Notes the sum where it has moved on far enough; the caller need not wait. */
  moved(sum: number): void {
    if (this.#noting !== undefined || Math.abs(sum - this.#noted) < noteEvery) return
    this.#noting = this.#write(sum).finally(() => {
      this.#noting = undefined
    })
  }

  /** Notes the sum with which the database is closed. */
  async close(sum: number): Promise<void> {
    await this.#noting
    if (sum !== this.#noted) await this.#write(sum)
  }

  async #write(sum: number): Promise<void> {
    this.#noted = sum
    const path = join(this.#folder, fileName)
    try {
      await writeFile(`${path}.new`, `${JSON.stringify({ sum })}\n`)
      await rename(`${path}.new`, path)
    } catch {
      // It is there to be looked at, not relied on: a task must not fail for it. What it said before stays true.
    }
  }
}

/** What was noted of a task's folder; 0 where nothing was. */
export async function notedOffsets(folder: string): Promise<number> {
  try {
    const { sum } = JSON.parse(await readFile(join(folder, fileName), 'utf8')) as { sum?: unknown }
    return typeof sum === 'number' ? sum : 0
  } catch {
    return 0
  }
}
