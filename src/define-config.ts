import type { KafkaStreamsConfig } from './kafka-streams-config.ts'
import type { Topology } from './topology/topology.ts'

/**
 * What `millrace.config.ts` exports. The topology may be a path, relative to the configuration file, of the module
 * that exports it; everything may also come from the environment or the command line, which win over the file.
 */
export interface MillraceConfig extends Partial<Omit<KafkaStreamsConfig, 'topology'>> {
  readonly topology?: Topology | string
  /** The file, relative to this one, that `millrace diff` compares the topology with. Default: `topology.json`. */
  readonly snapshot?: string
}

/**
 * Gives a configuration file its types; returns what it is given. What has all that `KafkaStreams` needs can be
 * given to it as it is.
 */
export function defineConfig(config: KafkaStreamsConfig): KafkaStreamsConfig
export function defineConfig(config: MillraceConfig): MillraceConfig
export function defineConfig(config: MillraceConfig): MillraceConfig {
  return config
}
