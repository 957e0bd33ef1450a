/** What `run` gives while every object inherits these properties. */
export function whileInherited<T>(properties: PropertyDescriptorMap, run: () => T): T {
  const all = Object.prototype as unknown as Record<string, unknown>
  const names = Object.keys(properties)
  for (const name of names) {
    Object.defineProperty(all, name, { ...properties[name], configurable: true })
  }
  try {
    return run()
  } finally {
    for (const name of names) delete all[name]
  }
}
