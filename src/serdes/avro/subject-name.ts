import type { SerdeContext } from '../serde.ts'

/**
 * How the subject that a schema is registered under is named: `topic` gives `<topic>-value`, `record` the record's
 * full name, `topic-record` `<topic>-<full name>`. The last two let a topic carry records of several types.
 *
 * @remarks Source: Confluent's TopicNameStrategy, RecordNameStrategy, TopicRecordNameStrategy.
 */
export type SubjectNames = 'topic' | 'record' | 'topic-record'

/** The subject of a schema. */
export function subjectName(
  names: SubjectNames,
  context: SerdeContext,
  recordFullName: string,
): string {
  if (names === 'record') return recordFullName
  if (names === 'topic-record') return `${context.topic}-${recordFullName}`
  return `${context.topic}-${context.part}`
}
