import { startKafka } from '../../scripts/services/kafka.ts'
import { hasJavaAndMaven } from '../../scripts/services/maven.ts'
import { startSchemaRegistry } from '../../scripts/services/schema-registry.ts'

/** Kafka and a schema registry. */
export interface Services {
  readonly brokers: string
  readonly schemaRegistryUrl: string
  /** Stops what was started here, and nothing else. */
  stop(): Promise<void>
}

/**
 * The services that the environment names (`KAFKA_BROKERS`, `SCHEMA_REGISTRY_URL`), or ones started for the occasion.
 *
 * @throws Error saying what to install, where it names none and there is no Java 17 with Maven
 */
export async function startServices(say: (line: string) => void): Promise<Services> {
  const { KAFKA_BROKERS: brokers, SCHEMA_REGISTRY_URL: schemaRegistryUrl } = process.env
  if (brokers && schemaRegistryUrl) {
    return { brokers, schemaRegistryUrl, stop: () => Promise.resolve() }
  }
  if (!hasJavaAndMaven()) {
    throw new Error(
      'There is no Java 17 with Maven to start Kafka with. Install them, or start the services with ' +
        '"docker compose up --wait" and set KAFKA_BROKERS=localhost:9092 and ' +
        'SCHEMA_REGISTRY_URL=http://localhost:8081',
    )
  }
  say('  starting Kafka and a schema registry (the first time their files are fetched)')
  const kafka = await startKafka()
  try {
    const registry = await startSchemaRegistry()
    return {
      brokers: kafka.bootstrap,
      schemaRegistryUrl: registry.url,
      stop: async () => {
        await registry.stop()
        await kafka.stop()
      },
    }
  } catch (error) {
    await kafka.stop()
    throw error
  }
}
