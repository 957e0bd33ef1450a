import { murmur3Hash128 } from '../../core/murmur3.ts'
import { bindSerde, type Serde, type SerdeContext } from '../../serdes/serde.ts'
import type { ProcessorContext } from '../../topology/processor.ts'

/** Writes values as bytes. */
export type Serializer<T> = (value: T) => Buffer

/** Makes a serde ready for a processor that writes values itself. */
export async function serializerIn<T>(
  context: ProcessorContext<never, never>,
  serde: Serde<T>,
  target: SerdeContext,
): Promise<Serializer<T>> {
  const bound = bindSerde(serde, context.serdeEnvironment ?? {})
  await bound.prepare?.(target)
  return (value) => bound.serialize(value, target)
}

/** The same for a processor that compares values by the hash of their bytes. */
export async function hasherIn<T>(
  context: ProcessorContext<never, never>,
  serde: Serde<T>,
  target: SerdeContext,
): Promise<Serializer<T>> {
  const serialize = await serializerIn(context, serde, target)
  return (value) => murmur3Hash128(serialize(value))
}
