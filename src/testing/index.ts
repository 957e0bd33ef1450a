export type { AsyncCloseable } from '../core/disposable.ts'
export { TopologyTestDriver, type TopicSerdes } from './topology-test-driver.ts'
export type { TopologyTestDriverOptions } from './topology-test-driver-options.ts'
export { TestInputTopic, type TestInputOptions, type TestInputRecord } from './test-input-topic.ts'
export { TestOutputTopic, type TestOutputRecord } from './test-output-topic.ts'
export { TestSessionStore } from './test-session-store.ts'
export {
  TestKeyValueStore,
  TestWindowStore,
  type AnyTestStore,
  type TestStoreOf,
} from './test-stores.ts'
export { TestVersionedStore } from './test-versioned-store.ts'
export { VirtualClock } from './virtual-clock.ts'
export type { WorkerConfig } from '../runtime/worker-config.ts'
export { simulate } from './simulator/simulate.ts'
export type {
  AddInput,
  SimulatedRecord,
  SimulationOptions,
} from './simulator/simulation-options.ts'
export {
  describeDifference,
  type SimulationDifference,
  type SimulationFacts,
  type SimulationResult,
} from './simulator/simulation-result.ts'
export type { MergedOutput, OutputComparison } from './simulator/compare-records.ts'
export type { SimulationFaults, TimedFault, WorkerFault } from './simulator/faults.ts'
export type { SeededRandom } from './simulator/seeded-random.ts'
