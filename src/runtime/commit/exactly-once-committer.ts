import type { CommittedOffset } from '../../broker/port.ts'
import type { ActiveTask } from '../active-task.ts'
import { lastOffsetOf, prepareTasks, type Committer, type CommitterParts } from './committer.ts'

/**
 * Commits outputs, changelogs and offsets in one transaction, then the state.
 *
 * A crash before the broker has ended the transaction leaves nothing of it; one after it, and before the state was
 * applied, leaves state that is behind its changelog by just this commit, which restoring the changelog's tail makes
 * up. The group's generation goes with the offsets, so the broker refuses the commit of a worker that has lost its
 * tasks. Where no offset moved, as after punctuations alone, the last ones are committed again for that.
 *
 * Processing goes on while the transaction is being committed: what it sends belongs to the next one, which the producer
 * holds back until then.
 *
 * @remarks Source: KIP-98, KIP-447; KIP-892 for applying state after the commit.
 */
export class ExactlyOnceCommitter implements Committer {
  readonly overlapsProcessing = true
  readonly #parts: CommitterParts

  constructor(parts: CommitterParts) {
    this.#parts = parts
  }

  async commit(tasks: readonly ActiveTask[]): Promise<CommittedOffset[]> {
    const { collector, session } = this.#parts
    const prepared = prepareTasks(tasks)
    const offsets = prepared.flatMap((each) => each.prepared.offsets)
    if (offsets.length > 0 || collector.inTransaction) {
      const moved = offsets.length > 0 ? offsets : tasks.flatMap((task) => task.places)
      await collector.commitTransaction(session.identity(), moved, session.renew)
    }
    const lastOffset = lastOffsetOf(collector)
    // All of them read the producer's offsets before anything of the next transaction is acknowledged.
    await Promise.all(prepared.map((each) => each.task.applyCommitted(each.prepared, lastOffset)))
    return offsets
  }
}
