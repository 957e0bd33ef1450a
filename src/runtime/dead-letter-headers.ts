/** Names of the headers that say why a record is a dead letter. Source: KIP-1034; the last four are Millrace's. */
export const deadLetterHeaders = {
  exception: '__streams.errors.exception',
  message: '__streams.errors.message',
  stacktrace: '__streams.errors.stacktrace',
  topic: '__streams.errors.topic',
  partition: '__streams.errors.partition',
  offset: '__streams.errors.offset',
  stage: '__millrace.errors.stage',
  task: '__millrace.errors.task',
  node: '__millrace.errors.node',
  omitted: '__millrace.errors.omitted',
} as const
