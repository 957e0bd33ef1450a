/** An object with some of its members replaced; the others do what they did. */
export function overriding<T extends object>(target: T, changes: Partial<T>): T {
  return new Proxy(target, {
    get(_, name) {
      if (Object.hasOwn(changes, name)) return changes[name as keyof T]
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}

/** Replaces a method of a class until the function that this gives is called. */
export function replaceMethod<T extends object, N extends keyof T>(
  prototype: T,
  name: N,
  make: (original: T[N]) => T[N],
): () => void {
  const original = prototype[name]
  prototype[name] = make(original)
  return () => {
    prototype[name] = original
  }
}
