import type { TestProject } from 'vitest/node'
import { startKafka } from '../../scripts/services/kafka.ts'

/** One Kafka for all suites of this folder; each suite uses topics and groups of its own. */
export default async function startSharedKafka(project: TestProject): Promise<() => Promise<void>> {
  const kafka = await startKafka()
  project.provide('kafkaBootstrap', kafka.bootstrap)
  return () => kafka.stop({ signal: 'SIGKILL' })
}

declare module 'vitest' {
  interface ProvidedContext {
    /** Address of the Kafka that the suites under test/kafka share. */
    readonly kafkaBootstrap: string
  }
}
