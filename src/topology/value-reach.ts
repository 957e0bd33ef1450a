/**
 * Whether user code may reach the values that pass through a processor of the library: never, or not from when it has
 * written one to a store until it has forwarded it.
 */
export type ValueReach = 'never' | 'until-written'

/** What a processor says of itself; undefined, as of a user's own: at any time. */
export function valueReachOf(processor: object): ValueReach | undefined {
  return (processor as { readonly valueReach?: ValueReach }).valueReach
}
