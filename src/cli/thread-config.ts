import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads'
import { ConfigError } from '../core/errors.ts'
import { silentLogger } from '../core/logger.ts'
import type { KafkaStreamsConfig } from '../kafka-streams-config.ts'
import { resolveConfig, type ConfigSources } from './resolve-config.ts'

const name = 'millrace.configSources'

/**
 * The same configuration with this module as what its threads load: they put the configuration together again from the same
 * sources.
 */
export function withThreadModule(
  resolved: KafkaStreamsConfig,
  sources: ConfigSources,
): KafkaStreamsConfig {
  if ((resolved.threads ?? 1) === 1) return resolved
  const environment = { ...sources.environment }
  setEnvironmentData(name, structuredClone({ ...sources, environment }) as never)
  return { ...resolved, module: import.meta.url }
}

/** The configuration of a thread. Throws `ConfigError` in a thread that the command line has not started. */
export async function config(): Promise<KafkaStreamsConfig> {
  const sources = getEnvironmentData(name) as unknown as ConfigSources | undefined
  if (sources) return await resolveConfig(sources, silentLogger)
  throw new ConfigError('Only the threads of millrace run may load this module')
}
