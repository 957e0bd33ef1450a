import type { JoinedGroup } from '../broker/port.ts'
import type { GroupSession } from './group-session.ts'
import { isReplaced, ReplacedError } from './worker-errors.ts'
import type { WorkerOptions } from './worker-options.ts'

/**
 * What a join came to. Only its refusal says that another worker has this one's instance id: where the group refuses
 * other requests for that, this worker itself may have joined once more by a request that was not answered.
 */
export function takeJoined(session: GroupSession, options: WorkerOptions): JoinedGroup | undefined {
  try {
    return session.take()
  } catch (error) {
    throw isReplaced(error) ? new ReplacedError(options, error) : error
  }
}
