import { relative } from 'node:path'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Test files that take over ten seconds, the slowest first. */
const slowFiles = [
  'test/kafka/chaos/chaos.test.ts',
  'test/kafka/kafkajs-failures.test.ts',
  'test/kafka/customer-360.test.ts',
  'test/kafka/broker-kafkajs.test.ts',
  'test/kafka/faults/moving-leaders.test.ts',
  'test/kafka/faults/quotas.test.ts',
  'test/kafka/faults/lost-answers.test.ts',
  'test/kafka/schema-registry.test.ts',
  'test/kafka/threads.test.ts',
  'test/simulator/seeds-1.test.ts',
  'test/simulator/seeds-2.test.ts',
  'test/simulator/commit-defects.test.ts',
  'test/cli/cli.test.ts',
  'test/threads/threads.test.ts',
  'test/state/contract/rocksdb-native.test.ts',
  'test/state/contract/rocksdb.test.ts',
  'test/examples/customer-360/embedded.test.ts',
  'test/kafka-streams.test.ts',
  'test/cli/dlq.test.ts',
]

/**
 * Begins with the files that are known to be slow. vitest does so with what it remembers of its last run, and a fresh
 * clone has none: it would begin with the largest files, and at the end one core would wait for a slow one to end.
 */
export class SlowFilesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    return sorted.toSorted((a, b) => {
      const [one, other] = [a.project, b.project]
      const inTurn = one.config.sequence.groupOrder - other.config.sequence.groupOrder
      return inTurn || compareText(one.name, other.name) || this.#rank(a) - this.#rank(b)
    })
  }

  #rank(file: TestSpecification): number {
    const at = slowFiles.indexOf(relative(this.ctx.config.root, file.moduleId))
    return at === -1 ? slowFiles.length : at
  }
}

function compareText(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1
}
