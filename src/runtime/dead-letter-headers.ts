/** Names of the headers that say why a record is a dead letter. Source: KIP-1034; those after `offset` are Millrace's. */
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
  code: '__millrace.errors.code',
  cause: '__millrace.errors.cause',
  attempts: '__millrace.errors.attempts',
  application: '__millrace.errors.application',
  holdsBack: '__millrace.errors.holds-back',
} as const

/** What the names of headers begin with that are not the record's own. */
export const deadLetterPrefixes: readonly string[] = ['__streams.errors.', '__millrace.errors.']

/** How often a record was redriven; it stays with the record. */
export const redrivesHeader = '__millrace.redrives'
