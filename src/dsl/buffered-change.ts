import { DeserializationError } from '../core/errors.ts'
import { noHeaders, type Header, type Headers } from '../core/headers.ts'
import type { MaybePromise } from '../core/maybe-promise.ts'
import { bindSerde, type Serde, type SerdeContext } from '../serdes/serde.ts'
import type { RecordMetadata } from '../topology/processor.ts'
import { BytesReader, BytesWriter } from './sized-bytes.ts'

/** What the record was that made an update: it is emitted with this, whenever that is. */
export interface UpdateContext {
  readonly timestampMs: number
  readonly headers: Headers
  /** Undefined for an update that a punctuation made. */
  readonly origin: RecordMetadata | undefined
}

/** A row's updates as they are held back: the last one, and what the row was before the first. */
export class BufferedChange<V> {
  /** Since when the row waits, or the end of its window, in milliseconds since the epoch. */
  readonly bufferTimeMs: number
  readonly priorValue: V | null
  readonly oldValue: V | null
  readonly newValue: V | null
  readonly context: UpdateContext
  /**
   * The bytes that count towards the bounds of the buffer, without the key; known once it was written or read. As
   * Kafka Streams counts them, so that the same bounds mean the same.
   */
  sizeBytes = 0

  constructor(
    bufferTimeMs: number,
    values: {
      readonly priorValue: V | null
      readonly oldValue: V | null
      readonly newValue: V | null
    },
    context: UpdateContext,
  ) {
    this.bufferTimeMs = bufferTimeMs
    this.priorValue = values.priorValue
    this.oldValue = values.oldValue
    this.newValue = values.newValue
    this.context = context
  }
}

interface Parts {
  readonly context: UpdateContext
  readonly prior: Buffer | null
  readonly old: Buffer | null
  readonly next: Buffer | null
  readonly bufferTimeMs: number
}

/**
 * Writes held updates as the changelog of a suppression buffer has them in Kafka Streams, version 3: the record's
 * context, prior, old and new value, each after its length, then the buffer time.
 *
 * @remarks Source: Java's `BufferValue` and `ProcessorRecordContext`.
 */
export function bufferedChangeSerde<V>(inner: Serde<V>): Serde<BufferedChange<V>> {
  const { resolve, prepare } = inner
  const write = (value: V | null, context: SerdeContext): Buffer | null =>
    value === null ? null : inner.serialize(value, context)
  const read = (bytes: Buffer | null, context: SerdeContext): V | null =>
    bytes && inner.deserialize(bytes, context)
  return {
    name: `held-back ${inner.name}`,
    serialize(change, context) {
      const prior = write(change.priorValue, context)
      const old = change.oldValue === change.priorValue ? prior : write(change.oldValue, context)
      const next = write(change.newValue, context)
      const { bufferTimeMs } = change
      const parts: Parts = { context: change.context, prior, old, next, bufferTimeMs }
      change.sizeBytes = sizeOf(parts)
      return encode(parts)
    },
    deserialize(bytes, context) {
      const parts = decode(bytes, context)
      const priorValue = read(parts.prior, context)
      const change = new BufferedChange(
        parts.bufferTimeMs,
        {
          priorValue,
          oldValue: parts.old === parts.prior ? priorValue : read(parts.old, context),
          newValue: read(parts.next, context),
        },
        parts.context,
      )
      change.sizeBytes = sizeOf(parts)
      return change
    },
    ...(resolve && {
      resolve: (values: readonly Buffer[], context: SerdeContext): MaybePromise<void> =>
        resolve.call(
          inner,
          values.flatMap((bytes) => innerValues(bytes, context)),
          context,
        ),
    }),
    ...(prepare && { prepare: (context: SerdeContext) => prepare.call(inner, context) }),
    ...(inner.bind && {
      bind: (environment) => bufferedChangeSerde(bindSerde(inner, environment)),
    }),
  }
}

/** Java counts the characters of names, not their bytes; prior and old value once where they are the same. */
function sizeOf({ context, prior, old, next }: Parts): number {
  // Timestamp, offset and partition.
  let size = 8 + 8 + 4 + (context.origin?.topic.length ?? 0)
  for (const { key, value } of context.headers) size += key.length + (value?.length ?? 0)
  size += (prior?.length ?? 0) + (next?.length ?? 0)
  return sameBytes(prior, old) ? size : size + (old?.length ?? 0)
}

/** In the place of the old value's length. */
const sameAsPrior = -2

function encode({ context, prior, old, next, bufferTimeMs }: Parts): Buffer {
  const { origin, headers } = context
  const writer = new BytesWriter()
  writer.long(context.timestampMs).long(origin?.offset ?? -1)
  writer.sized(origin === undefined ? null : Buffer.from(origin.topic))
  writer.int(origin?.partition ?? -1).int(headers.length)
  for (const { key, value } of headers) writer.sized(Buffer.from(key)).sized(value)
  writer.sized(prior)
  if (old !== null && sameBytes(prior, old)) writer.int(sameAsPrior)
  else writer.sized(old)
  return writer.sized(next).long(bufferTimeMs).bytes()
}

function decode(bytes: Buffer, { topic }: SerdeContext): Parts {
  try {
    const reader = new BytesReader(bytes)
    const timestampMs = reader.long()
    const offset = reader.long()
    const name = reader.sized()
    const partition = reader.int()
    const origin = name === null ? undefined : { topic: name.toString(), partition, offset }
    const context: UpdateContext = { timestampMs, headers: readHeaders(reader), origin }
    const prior = reader.sized()
    const length = reader.int()
    const old = length === sameAsPrior ? prior : reader.ofLength(length)
    const next = reader.sized()
    const bufferTimeMs = reader.long()
    return { context, prior, old, next, bufferTimeMs }
  } catch (cause) {
    throw new DeserializationError(
      `A record of topic ${topic} is no update that a suppression held back: it is cut off`,
      { cause },
    )
  }
}

function readHeaders(reader: BytesReader): Headers {
  const count = reader.int()
  // Older releases of Kafka Streams wrote −1 for none.
  if (count <= 0) return noHeaders
  const headers: Header[] = []
  for (let i = 0; i < count; i++) {
    const key = (reader.sized() ?? Buffer.alloc(0)).toString()
    const value = reader.sized()
    headers.push({ key, value: value && Buffer.from(value) })
  }
  return headers
}

/** Bytes that are no held update have no inner values to look at; reading them fails with the reason. */
function innerValues(bytes: Buffer, context: SerdeContext): Buffer[] {
  try {
    const { prior, old, next } = decode(bytes, context)
    return [prior, old, next].filter((part) => part !== null)
  } catch {
    return []
  }
}

function sameBytes(a: Buffer | null, b: Buffer | null): boolean {
  return a === b || (a !== null && b !== null && a.equals(b))
}
