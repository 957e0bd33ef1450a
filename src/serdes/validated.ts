import { unreadable, unwritable } from './serde-errors.ts'
import type { Serde, SerdeContext } from './serde.ts'

/** What is wrong with a value, and where. */
export interface ValidationFault {
  /** The field at fault, such as `units` or `lines.0.price`. */
  readonly field?: string
  /** Why, as the end of a sentence: `0 is below one`. */
  readonly reason: string
}

/**
 * A serde whose values also obey rules that its format cannot say. A value that breaks them is neither read nor written.
 *
 * @param serde - reads and writes the values
 * @param check - the first fault of a value, or undefined; must not change the value
 * @throws SerializationError, DeserializationError naming the field
 */
export function validated<T>(
  serde: Serde<T>,
  check: (value: T) => ValidationFault | undefined,
): Serde<T> {
  const checked = (value: T, fail: typeof unreadable, context: SerdeContext): T => {
    const fault = check(value)
    if (fault) throw fail(serde.name, context, fault.reason, { field: fault.field })
    return value
  }
  return {
    ...optionalParts(serde, check),
    name: serde.name,
    serialize: (value, context) => serde.serialize(checked(value, unwritable, context), context),
    deserialize: (bytes, context) =>
      checked(serde.deserialize(bytes, context), unreadable, context),
    deserializeAt(buffer, start, end, context) {
      const value = serde.deserializeAt
        ? serde.deserializeAt(buffer, start, end, context)
        : serde.deserialize(buffer.subarray(start, end), context)
      return checked(value, unreadable, context)
    },
  }
}

/** The methods that a serde may lack, present just where the inner one has them. */
function optionalParts<T>(
  inner: Serde<T>,
  check: (value: T) => ValidationFault | undefined,
): Pick<Serde<T>, 'resolve' | 'prepare' | 'bind' | 'fromText' | 'partitioningBytes'> {
  const { resolve, prepare, bind, fromText, partitioningBytes } = inner
  return {
    ...(resolve && { resolve: (values, context) => resolve.call(inner, values, context) }),
    ...(prepare && { prepare: (context) => prepare.call(inner, context) }),
    ...(fromText && { fromText: (text) => fromText.call(inner, text) }),
    ...(partitioningBytes && {
      partitioningBytes: (bytes) => partitioningBytes.call(inner, bytes),
    }),
    ...(bind && { bind: (environment) => validated(bind.call(inner, environment), check) }),
  }
}
