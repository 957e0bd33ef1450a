import type { Processor } from '../../topology/processor.ts'

/** Forwards what it gets: where streams merge, and where a branch begins. Source: Java's `PassThrough`. */
export const passThrough: Processor<unknown, unknown, unknown, unknown> = {
  process: (record, context) => context.forward(record),
}
