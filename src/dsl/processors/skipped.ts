import type { DropRule, ProcessorContext } from '../../topology/processor.ts'

/** Counts and logs a record that an operator skips by its rules, with its place. */
export function skipRecord(
  context: ProcessorContext<never, never>,
  reason: string,
  rule: DropRule = 'skipped',
): void {
  if (context.recordDropped) {
    context.recordDropped(reason, rule)
    return
  }
  const place = context.recordMetadata
  context.logger.warn(`A record is skipped: ${reason}.`, { ...place })
}
