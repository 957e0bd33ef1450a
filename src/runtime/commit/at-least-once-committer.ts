import type { CommittedOffset } from '../../broker/port.ts'
import type { ActiveTask } from '../active-task.ts'
import { lastOffsetOf, prepareTasks, type Committer, type CommitterParts } from './committer.ts'

/**
 * Has outputs and changelogs acknowledged, then commits the offsets, then applies the state.
 *
 * A crash
 * - before the outputs are acknowledged has the records processed again, and changelogs may hold some of what they did;
 * - before the offsets are committed has them processed again on state that a restore brings to the end of the
 *   changelogs, and that may therefore include them: that is what "at least once" says;
 * - before the state is applied loses nothing: the state is behind its changelogs, whose tail is restored.
 *
 * The offsets come before the state because the group refuses them from a worker that has lost its tasks. State that
 * was applied before that is known would claim an offset of the changelog by which another worker has written as well,
 * and what that one wrote would never be restored here.
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
    const { collector } = this.#parts
    const prepared = prepareTasks(tasks)
    await collector.producer.flush()
    const lastOffset = lastOffsetOf(collector)
    const offsets = prepared.flatMap((each) => each.prepared.offsets)
    await this.#commitOffsets(offsets)
    await Promise.all(prepared.map((each) => each.task.applyCommitted(each.prepared, lastOffset)))
    return offsets
  }

  async #commitOffsets(offsets: readonly CommittedOffset[]): Promise<void> {
    const { membership, session } = this.#parts
    let member = session.identity()
    for (;;) {
      try {
        // Only punctuations ran: the group is asked all the same whether the tasks are still here.
        if (offsets.length > 0) await membership.commitOffsets(offsets, member)
        else await membership.heartbeat()
        return
      } catch (error) {
        const renewed = await session.renew(member, error)
        if (renewed === undefined) throw error
        member = renewed
      }
    }
  }
}
