import {
  BrokerError,
  BrokerTimeoutError,
  CorruptBatchError,
  FencedError,
  OffsetOutOfRangeError,
  UnknownTopicError,
  type ErrorContext,
} from '../../../core/errors.ts'
import { codes, errorCode } from './error-codes.ts'

type BrokerErrorClass = new (
  message: string,
  context: ErrorContext & { brokerCode?: number; retriable?: boolean },
) => BrokerError

const classes = new Map<number, BrokerErrorClass>([
  [codes.offsetOutOfRange, OffsetOutOfRangeError],
  [codes.corruptMessage, CorruptBatchError],
  [codes.unknownTopicOrPartition, UnknownTopicError],
  [codes.unknownTopicId, UnknownTopicError],
  [codes.requestTimedOut, BrokerTimeoutError],
  [codes.illegalGeneration, FencedError],
  [codes.unknownMemberId, FencedError],
  [codes.rebalanceInProgress, FencedError],
  [codes.fencedInstanceId, FencedError],
  [codes.invalidProducerEpoch, FencedError],
  [codes.producerFenced, FencedError],
  // Nobody need have taken this producer's place, but the broker takes nothing more from it: what it has forgotten, or
  // counts otherwise, only a new producer can make good. Kafka Streams closes its tasks for the first three too.
  [codes.invalidProducerIdMapping, FencedError],
  [codes.outOfOrderSequenceNumber, FencedError],
  [codes.unknownProducerId, FencedError],
  [codes.invalidTxnState, FencedError],
  [codes.transactionAbortable, FencedError],
])

/** The error that a code of the broker is to the caller. `what` says in words what failed. */
export function protocolError(
  code: number,
  what: string,
  context: ErrorContext & { readonly detail?: string | null | undefined } = {},
): BrokerError {
  const { name, retriable } = errorCode(code)
  const { detail, ...place } = context
  const Class = classes.get(code) ?? BrokerError
  const said = detail === undefined || detail === null || detail === '' ? '' : `: ${detail}`
  return new Class(`${what}: the broker answered ${name}${said}.`, {
    ...place,
    brokerCode: code,
    // The caller looks again for a topic that may be new; beyond that its absence is for good.
    retriable: retriable && Class !== UnknownTopicError,
  })
}
