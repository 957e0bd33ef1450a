import { apis } from './api-keys.ts'
import type { Request } from './request.ts'

export interface InitProducerIdResponse {
  readonly errorCode: number
  readonly producerId: bigint
  readonly epoch: number
}

/** A producer as the broker knows it. */
export interface ProducerIdentity {
  readonly producerId: bigint
  readonly epoch: number
}

/** In place of an identity: nothing is known of a former one. Zeros would claim to be producer 0. */
export const noIdentity: ProducerIdentity = { producerId: -1n, epoch: -1 }

/**
 * Fetches a producer id; with a transactional id, ends its open transaction and fences the older producers of it.
 * A producer that gives its own identity gets a new epoch, unless it has been fenced itself (KIP-360).
 */
export function initProducerId(
  transactionalId: string | undefined,
  transactionTimeoutMs: number,
  current: ProducerIdentity = noIdentity,
): Request<InitProducerIdResponse> {
  return {
    ...apis.initProducerId,
    write(body) {
      body.compactString(transactionalId).int32(transactionTimeoutMs)
      body.int64(current.producerId).int16(current.epoch).noTags()
    },
    read(body) {
      body.throttleTime()
      return { errorCode: body.int16(), producerId: body.int64Exact(), epoch: body.int16() }
    },
  }
}
