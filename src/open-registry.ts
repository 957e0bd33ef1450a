import type { KafkaStreamsConfig } from './kafka-streams-config.ts'
import type { SerdeEnvironment } from './serdes/serde.ts'

/** What serdes may use, and the end of the registry client that was opened for it. */
export interface OpenRegistry {
  readonly environment: SerdeEnvironment
  close(): Promise<void>
}

/** Opens the registry that the configuration describes, or uses the one that it holds, which stays its owner's. */
export async function openRegistry(config: KafkaStreamsConfig): Promise<OpenRegistry> {
  const { schemaRegistry: given, autoRegisterSchemas = true } = config
  if (given === undefined) {
    return { environment: { autoRegisterSchemas }, close: () => Promise.resolve() }
  }
  if ('schemaById' in given) {
    const environment = { schemaRegistry: given, autoRegisterSchemas }
    return { environment, close: () => Promise.resolve() }
  }
  // Loaded when it is asked for, so that applications without Avro do without its packages.
  const { schemaRegistry } = await import('./serdes/avro/http-schema-registry.ts')
  const opened = schemaRegistry(given)
  const environment = { schemaRegistry: opened, autoRegisterSchemas }
  return { environment, close: () => opened.close() }
}
