import fc from 'fast-check'
import type { TaskEvent } from './crashable-task.ts'

/** How a task may be stepped, committed and crashed while it works on its input. */
export const taskEvents: fc.Arbitrary<TaskEvent[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ step: fc.integer({ min: 1, max: 8 }) }) },
    { weight: 2, arbitrary: fc.constant('commit' as const) },
    { weight: 1, arbitrary: fc.constant('crash' as const) },
  ),
  { maxLength: 14 },
)
