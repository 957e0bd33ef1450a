import {
  BrokerError,
  BrokerTimeoutError,
  BrokerUnavailableError,
  isStreamsError,
  type StreamsError,
} from '../../../core/errors.ts'
import { TruncatedResponseError } from '../protocol/byte-reader.ts'

/** What a failure in kafkajs, or in reading a response, is to the callers of the transport. */
export function transportError(error: unknown, address: string, apiName: string): StreamsError {
  if (isStreamsError(error)) return error
  const cause = error instanceof Error ? error : new Error(String(error))
  if (cause instanceof TruncatedResponseError) {
    return new BrokerError(`${apiName} to ${address}: ${cause.message}`, { cause })
  }
  switch (cause.name) {
    case 'KafkaJSRequestTimeoutError':
      return new BrokerTimeoutError(`${apiName} to ${address} was not answered in time.`, {
        cause,
        retriable: true,
      })
    case 'KafkaJSSASLAuthenticationError':
    case 'KafkaJSProtocolError':
    case 'KafkaJSNotImplemented':
      return new BrokerError(`${address} refused the login: ${cause.message}.`, { cause })
  }
  // All else that kafkajs throws means that there is no connection, or no longer one.
  if (cause.name.startsWith('KafkaJS')) {
    return new BrokerUnavailableError(`${address}: ${plainMessage(cause)}`, {
      cause,
      retriable: true,
    })
  }
  return new BrokerError(`${apiName} to ${address}: ${cause.message}`, { cause })
}

/** kafkajs prefixes the socket's own message, which says it all. */
function plainMessage(error: Error): string {
  return error.message.replace(/^Connection error: /, '')
}
