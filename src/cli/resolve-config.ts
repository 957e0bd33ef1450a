import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { BrokerConnector } from '../broker/connector.ts'
import { ConfigError } from '../core/errors.ts'
import type { Logger } from '../core/logger.ts'
import type { MillraceConfig } from '../define-config.ts'
import type { KafkaStreamsConfig } from '../kafka-streams-config.ts'
import { loadModule } from '../load-module.ts'
import { loadTopology } from '../load-topology.ts'
import {
  brokersVariable,
  settingsFromEnvironment,
  settingsFromFlags,
  type TextSettings,
} from './settings-sources.ts'

/** Names of a configuration file that is found without being named. */
const configFiles = ['ts', 'mts', 'js', 'mjs'].map((ending) => `millrace.config.${ending}`)

/** What a configuration is put together from. */
export interface ConfigSources {
  /** The module with the topology; wins over the file's. */
  readonly module: string | undefined
  /** The configuration file; undefined: `millrace.config.*` in the working directory, if there is one. */
  readonly file: string | undefined
  readonly flags: TextSettings
  readonly environment: TextSettings
}

/** A configuration file's content and where it lies. */
interface FoundConfig {
  readonly config: MillraceConfig
  readonly folder: string
}

/**
 * Puts a configuration together: flags win over the environment, which wins over the file.
 *
 * @throws ConfigError where something is missing or cannot be used
 */
export async function resolveConfig(
  sources: ConfigSources,
  logger: Logger,
): Promise<KafkaStreamsConfig> {
  const { module, flags, environment } = sources
  const file = await readConfigFile(sources.file)
  const settings = {
    ...file.config,
    ...settingsFromEnvironment(environment),
    ...settingsFromFlags(flags),
  }
  const topology = await topologyOf(module, file)
  const broker = await brokerOf(sources, file.config)
  if (settings.applicationId === undefined) throw noApplicationId()
  const { snapshot: _, ...rest } = settings
  const { applicationId } = settings
  return { logger, ...rest, applicationId, topology, broker }
}

/** What it takes to find an application's topics. */
export interface ApplicationPlace {
  readonly broker: BrokerConnector
  readonly applicationId: string
  readonly deadLetterTopic: string | undefined
}

/**
 * Where an application's topics are, for commands that need no topology.
 *
 * @throws ConfigError where something is missing or cannot be used
 */
export async function resolvePlace(
  sources: Omit<ConfigSources, 'module'>,
): Promise<ApplicationPlace> {
  const { flags, environment } = sources
  const { config } = await readConfigFile(sources.file)
  const settings = {
    ...config,
    ...settingsFromEnvironment(environment),
    ...settingsFromFlags(flags),
  }
  const broker = await brokerOf(sources, config)
  const { applicationId, deadLetterTopic } = settings
  if (applicationId === undefined) throw noApplicationId()
  return { broker, applicationId, deadLetterTopic }
}

async function brokerOf(
  { flags, environment }: Pick<ConfigSources, 'flags' | 'environment'>,
  config: MillraceConfig,
): Promise<BrokerConnector> {
  const brokers = flags['brokers'] ?? environment[brokersVariable]
  if (brokers) {
    const { kafkajs } = await import('../broker/kafkajs/index.ts')
    return kafkajs({ brokers: brokers.split(',') })
  }
  if (config.broker) return config.broker
  throw new ConfigError(
    `There is no broker: give --brokers host:port, set ${brokersVariable}, or have a configuration ` +
      "file with broker: kafkajs({ brokers: ['host:port'] }). To try a topology without Kafka, use " +
      'millrace dev',
  )
}

function noApplicationId(): ConfigError {
  return new ConfigError(
    'There is no applicationId: give --application-id, set MILLRACE_APPLICATION_ID, or put it in the ' +
      'configuration file',
  )
}

/**
 * The topology to work on without a broker, and the file that its snapshot is kept in.
 *
 * @throws ConfigError where there is no topology
 */
export async function findTopology(
  module: string | undefined,
  configFile: string | undefined,
): Promise<{ readonly topology: KafkaStreamsConfig['topology']; readonly snapshot: string }> {
  const file = await readConfigFile(configFile)
  const topology = await topologyOf(module, file)
  return { topology, snapshot: resolve(file.folder, file.config.snapshot ?? 'topology.json') }
}

async function readConfigFile(named: string | undefined): Promise<FoundConfig> {
  const path = named ?? configFiles.find((file) => existsSync(file))
  if (path === undefined) return { config: {}, folder: process.cwd() }
  const { default: config } = await loadModule(path)
  if (typeof config !== 'object' || config === null) {
    throw new ConfigError(
      `${path} has no default export; write: export default defineConfig({ … })`,
    )
  }
  return { config, folder: dirname(resolve(path)) }
}

async function topologyOf(
  module: string | undefined,
  { config, folder }: FoundConfig,
): Promise<KafkaStreamsConfig['topology']> {
  if (module !== undefined) return await loadTopology(module)
  const { topology } = config
  if (typeof topology === 'string') return await loadTopology(resolve(folder, topology))
  if (topology !== undefined) return topology
  throw new ConfigError(
    'There is no topology: name the module that exports it, or put topology into the configuration file',
  )
}
