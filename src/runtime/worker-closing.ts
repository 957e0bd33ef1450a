import { messageOf } from '../core/errors.ts'
import type { Logger } from '../core/logger.ts'
import type { WorkerParts } from './worker-parts.ts'

/** How a worker ends. */
export interface WorkerClosing {
  /** Whether it ends with an error, so that what it did last must not be committed. */
  readonly failed: boolean
  /** Whether it leaves the group, so that the others need not wait for its session to expire. */
  readonly leaves: boolean
  readonly logger: Logger
}

/** Commits what can be committed and closes everything that was opened, whatever of that fails. */
export async function closeWorker(parts: WorkerParts, closing: WorkerClosing): Promise<void> {
  const { failed, leaves, logger } = closing
  const attempt = async (what: string, run: () => Promise<void>): Promise<boolean> => {
    try {
      await run()
      return true
    } catch (error) {
      logger.warn(`Closing the worker: ${what} failed`, { reason: messageOf(error) })
      return false
    }
  }
  parts.watch.close()
  parts.droppedLetters?.close()
  const clean = parts.session.mayCommit && !failed
  const committed = clean && (await attempt('the last commit', () => parts.commits.commitNow()))
  parts.session.stop()
  await parts.arrivals.stop()
  await parts.commits.settle()
  await attempt('closing the standbys', () => parts.standbys.close())
  await attempt('closing the tasks', () => closeTasks(parts, !committed))
  // Else whoever reads the outputs, and the next owner of the tasks, would wait for the transaction to time out.
  await attempt('aborting the open transaction', () => parts.collector.abortTransaction())
  await attempt('closing the global stores', () => parts.globalStores.close())
  if (leaves) await attempt('leaving the group', () => parts.membership.leave())
  await attempt('closing the membership', () => parts.membership.close())
  await attempt('closing the producer', () => parts.collector.producer.close())
  await attempt('ending the fetcher', () => parts.fetcher.close())
  await attempt('purging repartition topics', () => parts.purge.close())
}

/** Closes all tasks, and then throws if one of them could not be closed. */
export async function closeTasks(parts: WorkerParts, dirty: boolean): Promise<void> {
  let failure: { readonly error: unknown } | undefined
  for (const task of parts.tasks.all) {
    try {
      await parts.rebalancer.close(task, dirty || task.phase !== 'running')
    } catch (error) {
      failure ??= { error }
    }
  }
  if (failure) throw failure.error
}
