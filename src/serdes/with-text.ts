import type { Serde } from './serde.ts'

/**
 * Adds the fast paths over text to a serde. They are not enumerable: who makes a serde of another one with `...` and
 * writes `serialize` anew is not passed over by them.
 */
export function withText<T>(
  serde: Serde<T>,
  text: Required<Pick<Serde<T>, 'serializeText' | 'deserializeText'>>,
): Serde<T> {
  return Object.defineProperties(serde, {
    serializeText: { value: text.serializeText },
    deserializeText: { value: text.deserializeText },
  })
}
