import { expect } from 'vitest'
import { EmbeddedBroker } from '../../src/broker/embedded/index.ts'
import type { Topology } from '../../src/topology/topology.ts'
import { counting, createCountingTopics, exactly, readTotals } from './counting.ts'
import { Gate } from './gate.ts'
import { createWorker, eventually, type StartOptions, type TestWorker } from './worker-harness.ts'

/** Two for each partition of what is counted. */
export const keys = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']

/** A broker whose requests a test can hold and refuse, and the workers that it makes there. */
export class WorkerBed {
  readonly gate: Gate = new Gate()
  readonly broker: EmbeddedBroker = new EmbeddedBroker({ onRequest: this.gate.onRequest })
  readonly #topology: () => Topology
  readonly #workers: TestWorker[] = []

  /** `topology`: what workers run that are told nothing else. */
  constructor(topology: () => Topology) {
    this.#topology = topology
  }

  /** One with the topics of the application that counts, which its workers run. */
  static async counting(): Promise<WorkerBed> {
    const bed = new WorkerBed(counting)
    await createCountingTopics(bed.broker)
    return bed
  }

  create(options: Partial<StartOptions> = {}): TestWorker {
    const created = createWorker({ topology: this.#topology(), broker: this.broker, ...options })
    this.#workers.push(created)
    return created
  }

  async start(options: Partial<StartOptions> = {}): Promise<TestWorker> {
    const created = this.create(options)
    await created.worker.start()
    return created
  }

  /** Waits until each key has been counted once in each of so many rounds. */
  async counted(rounds: number): Promise<void> {
    await eventually(async () =>
      expect(await readTotals(this.broker)).toEqual(exactly(rounds, keys)),
    )
  }

  /** Ends what the test has started. */
  async close(): Promise<void> {
    this.gate.release()
    for (const { worker } of this.#workers) await worker.close()
    await this.broker.close()
  }
}
