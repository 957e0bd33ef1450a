import { ProcessingError } from '../core/errors.ts'
import type { Record } from '../core/record.ts'
import type { ExtractionContext } from './topology-plan.ts'

// Kafka gives records that were written before it knew timestamps the time −1.

/**
 * The record's own timestamp; a record that has none, or a negative one, ends the worker.
 *
 * @throws ProcessingError for such a record.
 * @remarks Source: `org.apache.kafka.streams.processor.FailOnInvalidTimestamp`.
 */
export function failOnInvalidTimestamp(record: Record<unknown, unknown>): number {
  if (record.timestampMs >= 0) return record.timestampMs
  throw new ProcessingError(
    `The record has the timestamp ${record.timestampMs}, which is no time. Take another timestamp extractor, such as ` +
      'usePartitionTimeOnInvalidTimestamp, or one that looks for a time in the value.',
  )
}

/**
 * The record's own timestamp; a record that has none, or a negative one, is dropped, which is counted and logged. What
 * sources do where nothing else is said.
 *
 * @remarks Source: `org.apache.kafka.streams.processor.LogAndSkipOnInvalidTimestamp`.
 */
export function logAndSkipOnInvalidTimestamp(record: Record<unknown, unknown>): number {
  return record.timestampMs
}

/**
 * The record's own timestamp; a record that has none, or a negative one, takes place at the highest time of its
 * partition so far.
 *
 * @throws ProcessingError for such a record where none with a time was before it in the partition.
 * @remarks Source: `org.apache.kafka.streams.processor.UsePartitionTimeOnInvalidTimestamp`.
 */
export function usePartitionTimeOnInvalidTimestamp(
  record: Record<unknown, unknown>,
  partitionTimeMs: number,
): number {
  if (record.timestampMs >= 0) return record.timestampMs
  if (partitionTimeMs >= 0) return partitionTimeMs
  throw new ProcessingError(
    `The record has the timestamp ${record.timestampMs}, which is no time, and no record with a time is before it in ` +
      'its partition.',
  )
}

/**
 * The wall-clock time at which the record is read, in the place of its own. The same records give other results when
 * they are read again.
 *
 * @remarks Source: `org.apache.kafka.streams.processor.WallclockTimestampExtractor`.
 */
export function wallclockTimestamp(
  _record: Record<unknown, unknown>,
  _partitionTimeMs: number,
  context: ExtractionContext,
): number {
  return context.now()
}
