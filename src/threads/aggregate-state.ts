import type { WorkerState } from '../runtime/worker-status.ts'

/**
 * The state of a process whose threads are in these: running when all of them are. A thread that has ended is about to be
 * replaced, so that its tasks are on the move as in a rebalance.
 */
export function aggregateState(states: readonly WorkerState[]): 'running' | 'rebalancing' {
  return states.every((state) => state === 'running') ? 'running' : 'rebalancing'
}
