import type { EmbeddedBroker } from '../../broker/embedded/embedded-broker.ts'
import type { EmbeddedClient } from '../../broker/embedded/embedded-client.ts'
import type { Broker } from '../../broker/port.ts'
import { isStreamsError, messageOf } from '../../core/errors.ts'
import type { Logger } from '../../core/logger.ts'
import type { MaybePromise } from '../../core/maybe-promise.ts'
import { noMetrics } from '../../metrics/sensors.ts'
import type { ErrorHandlers } from '../../runtime/error-handlers.ts'
import type { WorkerConfig } from '../../runtime/worker-config.ts'
import type { WorkerStatus } from '../../runtime/worker-status.ts'
import { Worker } from '../../runtime/worker.ts'
import type { SerdeEnvironment } from '../../serdes/serde.ts'
import { memoryState } from '../../state/memory/memory-state.ts'
import type { StateProvider } from '../../state/task-state.ts'
import type { TopologyPlan } from '../../topology/topology-plan.ts'
import { BrokerLink, type Network } from './broker-link.ts'
import type { DiskPort } from './disk-engine.ts'
import { FaultyBroker } from './faulty-broker.ts'
import { SchedulerClock, type ClockFace } from './scheduler-clock.ts'
import type { SeededRandom } from './seeded-random.ts'
import { SimulatedDisk, SimulatedState } from './simulated-disk.ts'
import { never, SimulatedProcess } from './simulated-process.ts'

/** What all workers of a simulation have in common. */
export interface WorkerSurroundings {
  readonly broker: EmbeddedBroker
  readonly network: Network
  readonly links: Map<string, BrokerLink>
  readonly applicationId: string
  readonly plan: TopologyPlan
  readonly handlers: ErrorHandlers
  readonly environment: SerdeEnvironment
  readonly wrapBroker: ((broker: Broker) => Broker) | undefined
  readonly wrapState: ((state: StateProvider) => StateProvider) | undefined
  /** Told when a process has ended by itself: with an error that it should not end with, or as it was asked to. */
  readonly onEnded: (worker: SimulatedWorker, error: Error | undefined) => void
  readonly onKilled: (worker: SimulatedWorker) => void
}

/** What a worker is, whichever process runs it. */
export interface WorkerTraits {
  readonly config: WorkerConfig
  readonly clock: ClockFace
  /** Whether its state survives its processes. */
  readonly keepsState: boolean
  readonly readsAreSlow: boolean
}

/** The parts of a process. */
interface RunningWorker {
  readonly process: SimulatedProcess
  readonly link: BrokerLink
  readonly client: EmbeddedClient
  readonly worker: Worker
  everRan: boolean
}

/** A machine with a worker on it: the worker comes and goes, the disk stays. */
export class SimulatedWorker {
  readonly name: string
  readonly #surroundings: WorkerSurroundings
  readonly #traits: WorkerTraits
  readonly #random: SeededRandom
  #disk: SimulatedDisk
  #starts = 0
  #running: RunningWorker | undefined
  /** By which its producers are known to the broker. */
  transactionalId: string | undefined

  constructor(
    name: string,
    surroundings: WorkerSurroundings,
    traits: WorkerTraits,
    random: SeededRandom,
  ) {
    this.name = name
    this.#surroundings = surroundings
    this.#traits = traits
    this.#random = random
    this.#disk = new SimulatedDisk(random.uuid())
  }

  get isUp(): boolean {
    return this.#running !== undefined
  }

  get process(): SimulatedProcess | undefined {
    return this.#running?.process
  }

  get link(): BrokerLink | undefined {
    return this.#running?.link
  }

  get worker(): Worker | undefined {
    return this.#running?.worker
  }

  get disk(): SimulatedDisk {
    return this.#disk
  }

  status(): WorkerStatus | undefined {
    return this.#running?.worker.status()
  }

  loseDisk(): void {
    this.#disk = new SimulatedDisk(this.#random.uuid())
  }

  /** Starts a process; none may be running. */
  start(): void {
    const { network, broker, links } = this.#surroundings
    const name = `${this.name}.${++this.#starts}`
    const { scheduler, trace } = network
    trace.add(name, 'started')
    const process = new SimulatedProcess(name, scheduler, this.#random.fork(), () => {
      if (this.#running?.process !== process) return
      this.#running.client.crash()
      this.#running = undefined
      this.#surroundings.onKilled(this)
    })
    const link = new BrokerLink(process, network)
    links.set(name, link)
    const client = broker.open({ clientId: name })
    const worker = this.#makeWorker(process, link, client)
    const running: RunningWorker = { process, link, client, worker, everRan: false }
    this.#running = running
    worker.onStateChange((state) => {
      trace.add(name, state)
      if (state === 'running') running.everRan = true
    })
    worker.start().catch(() => undefined)
    worker.closed.then(
      () => this.#ended(running, undefined),
      (error: Error) => this.#ended(running, error),
    )
  }

  /** Has the worker end as it does when its process is told to. */
  stop(): void {
    this.#running?.worker.close({ timeoutMs: 3_000 }).catch(() => undefined)
  }

  #makeWorker(process: SimulatedProcess, link: BrokerLink, client: EmbeddedClient): Worker {
    const { wrapBroker, wrapState, applicationId, plan, handlers, network, environment } =
      this.#surroundings
    const { clock: face, config } = this.#traits
    const faulty = new FaultyBroker(client, link, (id) => (this.transactionalId = id))
    const clock = new SchedulerClock(network.scheduler, process, face)
    const state = this.#state(process)
    return new Worker({
      applicationId,
      plan,
      broker: wrapBroker ? wrapBroker(faulty) : faulty,
      state: wrapState ? wrapState(state) : state,
      environment,
      clock,
      random: process.random.fork(),
      logger: this.#logger(process),
      metrics: noMetrics,
      handlers,
      config,
    })
  }

  #state(process: SimulatedProcess): StateProvider {
    if (!this.#traits.keepsState) return memoryState()
    return new SimulatedState(this.#disk, this.#diskPort(process))
  }

  #diskPort(process: SimulatedProcess): DiskPort {
    const { network } = this.#surroundings
    const { readsAreSlow } = this.#traits
    const { random } = process
    const crash = (point: string): boolean => {
      if (!random.chance(network.faults().crashAtWrite / 2)) return false
      if (!network.mayCrash(point)) return false
      network.trace.add(process.name, 'crashed', point)
      process.kill()
      return true
    }
    const write = (what: string, apply: () => void): boolean => {
      if (crash(`before ${what} to disk`)) return false
      apply()
      return !crash(`after ${what} to disk`)
    }
    return {
      get readsAreSlow() {
        return readsAreSlow && !network.isSettled
      },
      write: (what, apply): MaybePromise<void> => {
        if (process.isDead) return never()
        if (random.chance(0.5)) return write(what, apply) ? undefined : never()
        return new Promise((resolve) => {
          process.post(random.next() * 3, () => {
            if (write(what, apply)) resolve()
          })
        })
      },
      read: (answer) =>
        new Promise((resolve) => {
          process.post(random.next() * 0.5, () => resolve(answer()))
        }),
      turn: () =>
        new Promise((resolve) => {
          process.run(resolve)
        }),
    }
  }

  #logger(process: SimulatedProcess): Logger {
    const { trace } = this.#surroundings.network
    const note = (message: string, facts?: object): void => {
      trace.add(process.name, message, facts && textOf(facts))
    }
    return { debug() {}, info: note, warn: note, error: note }
  }

  #ended(running: RunningWorker, error: Error | undefined): void {
    if (running.process.isDead) return
    const { trace } = this.#surroundings.network
    trace.add(running.process.name, 'ended', error && messageOf(error))
    this.#running = undefined
    running.process.kill()
    running.client.crash()
    // Whoever starts workers starts one again that found no broker.
    const excusable = !running.everRan && isStreamsError(error) && error.retriable
    this.#surroundings.onEnded(this, excusable ? undefined : error)
  }
}

function textOf(facts: object): string {
  return Object.entries(facts)
    .map(([name, value]) => {
      const text = value instanceof Error ? value.message : JSON.stringify(value)
      return `${name}=${text}`
    })
    .join(' ')
}
