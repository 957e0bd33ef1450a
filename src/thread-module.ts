import { dirname, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { ConfigError } from './core/errors.ts'
import type { MillraceConfig } from './define-config.ts'
import type { KafkaStreamsConfig } from './kafka-streams-config.ts'
import { loadModule } from './load-module.ts'
import { loadTopology } from './load-topology.ts'

/** What a configuration holds that cannot be sent to a thread, or that the process alone uses. */
const keptHere: readonly string[] = [
  'topology',
  'broker',
  'errors',
  'logger',
  'defaultTimestampExtractor',
  'uncaughtExceptionHandler',
  'module',
  'http',
  'threads',
]

/** The part of a configuration that is plain data, for the threads. */
export function threadSettings(config: KafkaStreamsConfig): object {
  const settings = Object.entries(config).filter(
    ([name, value]) => !keptHere.includes(name) && !isService(value),
  )
  return Object.fromEntries(settings)
}

/** The address of the module that the threads load. Throws `ConfigError` where it is not a file. */
export function moduleAddress(module: string | URL): string {
  const text = String(module)
  const address = /^[a-z]{2,}:/i.test(text) ? text : pathToFileURL(resolve(text)).href
  if (address.startsWith('file:')) return address
  throw new ConfigError(`module is ${text}; expected a file, as import.meta.url names it`, {
    field: 'module',
  })
}

/**
 * Loads the configuration in a thread; the process's plain settings win over the module's.
 *
 * @throws ConfigError where the module exports none, or one that lacks what the threads need
 */
export async function loadThreadConfig(
  address: string,
  settings: object,
): Promise<KafkaStreamsConfig> {
  const file = fileURLToPath(address)
  const module = await loadModule(file)
  const exported = module['default'] ?? module['config']
  const loaded = (typeof exported === 'function' ? await exported() : exported) as
    MillraceConfig | undefined
  const { topology, broker } = loaded ?? {}
  if (topology === undefined || broker === undefined) {
    throw new ConfigError(
      `${file}, which the threads load, has to export the configuration as its default, with its topology and ` +
        'broker: export default defineConfig({ … })',
      { field: 'module' },
    )
  }
  const loadedTopology =
    typeof topology === 'string' ? await loadTopology(resolve(dirname(file), topology)) : topology
  const merged = { ...loaded, ...settings, broker, topology: loadedTopology }
  return merged as KafkaStreamsConfig
}

/** Whether a value is something with methods, such as a schema registry. */
function isService(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'schemaById' in value
}
