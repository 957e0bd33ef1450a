import { apis } from './api-keys.ts'
import type { Request } from './request.ts'

export interface InitProducerIdResponse {
  readonly errorCode: number
  readonly producerId: bigint
  readonly epoch: number
}

/** Fetches a producer id; with a transactional id, fences the older producers of it and ends their transaction. */
export function initProducerId(
  transactionalId: string | undefined,
  transactionTimeoutMs: number,
): Request<InitProducerIdResponse> {
  return {
    ...apis.initProducerId,
    // Producer id and epoch −1: nothing is known of a former one. Zeros would claim producer 0.
    write: (body) =>
      void body
        .compactString(transactionalId)
        .int32(transactionTimeoutMs)
        .int64(-1)
        .int16(-1)
        .noTags(),
    read(body) {
      body.int32() // throttle time
      return { errorCode: body.int16(), producerId: body.int64Exact(), epoch: body.int16() }
    },
  }
}
