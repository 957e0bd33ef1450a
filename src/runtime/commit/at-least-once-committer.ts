import type { CommittedOffset } from '../../broker/port.ts'
import type { ActiveTask } from '../active-task.ts'
import { lastOffsetOf, prepareTasks, type Committer, type CommitterParts } from './committer.ts'

/**
 * Has outputs and changelogs acknowledged, then commits the offsets, and applies the state meanwhile.
 *
 * A crash before the offsets are committed has the records since then processed again, on state that may include them:
 * that is what "at least once" says. The state never claims more of its changelog than was acknowledged, and nothing
 * is committed whose outputs might be lost.
 */
export class AtLeastOnceCommitter implements Committer {
  readonly overlapsProcessing: boolean
  readonly #parts: CommitterParts

  /** `overlap`: false where a store writes each update to its changelog, whose end would then run ahead of the state. */
  constructor(parts: CommitterParts, overlap: boolean) {
    this.#parts = parts
    this.overlapsProcessing = overlap
  }

  async commit(tasks: readonly ActiveTask[]): Promise<CommittedOffset[]> {
    const { collector, membership } = this.#parts
    const prepared = prepareTasks(tasks)
    await collector.producer.flush()
    const lastOffset = lastOffsetOf(collector)
    const applying = Promise.all(
      prepared.map((each) => each.task.applyCommitted(each.prepared, lastOffset)),
    )
    // Both are waited for whichever fails: a task must not be closed while its state is being written.
    const offsets = prepared.flatMap((each) => each.prepared.offsets)
    const committing = offsets.length > 0 ? membership.commitOffsets(offsets) : Promise.resolve()
    const [applied, committed] = await Promise.allSettled([applying, committing])
    if (applied.status === 'rejected') throw applied.reason
    if (committed.status === 'rejected') throw committed.reason
    return offsets
  }
}
