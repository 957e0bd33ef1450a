import { isPromise, type MaybePromise } from './maybe-promise.ts'

/** Does something with each item, one after the other; a promise only where something had to wait. */
export function inOrder<T>(
  items: readonly T[],
  act: (item: T) => MaybePromise<void>,
  from = 0,
): MaybePromise<void> {
  for (let i = from; i < items.length; i++) {
    const done = act(items[i]!)
    if (isPromise(done)) return done.then(() => inOrder(items, act, i + 1))
  }
}

/** Takes each item into a value, one after the other; a promise only where something had to wait. */
export function foldInOrder<T, Out>(
  items: readonly T[],
  first: Out,
  take: (value: Out, item: T) => MaybePromise<Out>,
  from = 0,
): MaybePromise<Out> {
  let value = first
  for (let i = from; i < items.length; i++) {
    const taken = take(value, items[i]!)
    if (isPromise(taken)) return taken.then((awaited) => foldInOrder(items, awaited, take, i + 1))
    value = taken
  }
  return value
}
