import { ConfigError } from './core/errors.ts'
import type { Topology } from './topology/topology.ts'
import { loadModule } from './load-module.ts'

/**
 * The topology that a module exports, as its default or as `topology`.
 *
 * @throws ConfigError naming the module where it exports none
 */
export async function loadTopology(path: string): Promise<Topology> {
  const module = await loadModule(path)
  for (const name of ['default', 'topology']) {
    if (isTopology(module[name])) return module[name]
  }
  const exported = Object.keys(module).join(', ') || 'nothing'
  throw new ConfigError(
    `${path} exports no topology: make its default export what StreamsBuilder.build() returns. ` +
      `It exports ${exported}`,
  )
}

/** Not `instanceof`: the module may have another copy of the package. */
function isTopology(value: unknown): value is Topology {
  const candidate = value as Partial<Topology> | null | undefined
  return typeof candidate?.plan === 'function' && typeof candidate.describe === 'function'
}
