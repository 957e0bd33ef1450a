import type { Serde } from './serde.ts'

const alike = new WeakSet<object>()

/** Whether a serde makes the same bytes of a value whatever they are for; one that asks a registry by topic does not. */
export function writesAlike(serde: object): boolean {
  return alike.has(serde)
}

/**
 * Adds the fast paths over text to a serde. They are not enumerable: who makes a serde of another one with `...` and
 * writes `serialize` anew is not passed over by them. What the serde writes must not go by the context.
 */
export function withText<T>(
  serde: Serde<T>,
  text: Required<Pick<Serde<T>, 'serializeText' | 'deserializeText'>>,
): Serde<T> {
  alike.add(serde)
  return Object.defineProperties(serde, {
    serializeText: { value: text.serializeText },
    deserializeText: { value: text.deserializeText },
  })
}
