import type { EmbeddedBroker } from '../../broker/embedded/embedded-broker.ts'
import { UnknownTopicError } from '../../core/errors.ts'
import type { Network } from './broker-link.ts'
import type { TimedFault, WorkerFault } from './faults.ts'
import type { Scheduler } from './scheduler.ts'
import type { SeededRandom } from './seeded-random.ts'
import type { SimulatedWorker } from './simulated-worker.ts'
import type { SimulationSetup } from './simulation-setup.ts'

/** What {@link Fate} rules over. */
export interface FateOptions {
  readonly scheduler: Scheduler
  readonly random: SeededRandom
  readonly network: Network
  readonly broker: EmbeddedBroker
  readonly workers: readonly SimulatedWorker[]
  readonly setup: SimulationSetup
  readonly changelogTopics: readonly string[]
  readonly addWorker: () => void
  readonly onCalm: () => void
}

/** The longest that a process stands still or is cut off; longer than any session lasts. */
const absenceMostMs = 1_000

/** Has things happen to workers and coordinators in the course of time. */
export class Fate {
  readonly counts: Map<string, number> = new Map()
  readonly #options: FateOptions
  #isCalm = false

  constructor(options: FateOptions) {
    this.#options = options
  }

  start(): void {
    const { scheduler, random, setup } = this.#options
    const { timed, timedIntervalMs } = setup.faults
    if (timed.length === 0) return
    scheduler.after(random.next() * 2 * timedIntervalMs, () => {
      if (this.#isCalm) return
      this.#befall(random.pick(timed))
      this.start()
    })
  }

  /** Nothing happens from here, and what has happened passes. */
  calm(): void {
    this.#isCalm = true
    const { network, workers, onCalm } = this.#options
    network.trace.add('fate', 'calms down')
    onCalm()
    network.coordinatorsMoveUntilMs = 0
    for (const { link, process } of workers) {
      if (link) link.cutUntilMs = 0
      process?.wake()
    }
  }

  #befall(fault: TimedFault): void {
    const { random, network, workers, setup, addWorker, scheduler } = this.#options
    const up = workers.filter(({ isUp }) => isUp)
    if (fault === 'coordinator-move') {
      network.coordinatorsMoveUntilMs = scheduler.nowMs + random.next() * 300
      this.#note(fault)
      return
    }
    if (fault === 'start') {
      if (workers.length >= setup.workersMost) return
      this.#note(fault)
      addWorker()
      return
    }
    if (fault === 'compact') {
      this.#compact()
      return
    }
    if (up.length > 0) this.#befallWorker(fault, random.pick(up))
  }

  #befallWorker(fault: WorkerFault, worker: SimulatedWorker): void {
    const { random, scheduler, network } = this.#options
    const absenceMs = random.next() * (random.chance(0.5) ? 100 : absenceMostMs)
    const { process, link } = worker
    if (!process || !link) return
    switch (fault) {
      case 'freeze':
        if (process.isFrozen) return
        process.freeze()
        scheduler.after(absenceMs, () => {
          network.trace.add(process.name, 'woken')
          process.wake()
        })
        break
      case 'cut':
        link.cutUntilMs = scheduler.nowMs + absenceMs
        break
      case 'kill':
        if (!network.mayCrash('at any time')) return
        process.kill()
        break
      case 'stop':
        worker.stop()
        break
      case 'fence':
        if (worker.transactionalId === undefined) return
        this.#fence(worker.transactionalId)
    }
    this.#note(fault, process.name)
  }

  /** Another producer takes the id, as that of a process which was thought to be dead. */
  #fence(transactionalId: string): void {
    const client = this.#options.broker.open({ clientId: 'rival' })
    client
      .openProducer({ transactionalId })
      .then((producer) => producer.close())
      .then(() => client.close())
      .catch(() => undefined)
  }

  #compact(): void {
    const { broker, changelogTopics } = this.#options
    try {
      for (const topic of changelogTopics) broker.compact(topic)
      this.#note('compact')
    } catch (error) {
      // No worker has made them yet.
      if (!(error instanceof UnknownTopicError)) throw error
    }
  }

  count(fault: string): void {
    this.counts.set(fault, (this.counts.get(fault) ?? 0) + 1)
  }

  #note(fault: TimedFault, who = 'fate'): void {
    this.count(fault)
    this.#options.network.trace.add(who, fault)
  }
}
