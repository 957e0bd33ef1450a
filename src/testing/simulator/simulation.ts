import { EmbeddedBroker } from '../../broker/embedded/embedded-broker.ts'
import type { PartitionLog } from '../../broker/embedded/partition-log.ts'
import type { EmbeddedClient } from '../../broker/embedded/embedded-client.ts'
import type { CommittedOffset } from '../../broker/port.ts'
import { messageOf } from '../../core/errors.ts'
import { taskIdName } from '../../core/task-id.ts'
import { topicPartitionName, type TopicPartition } from '../../core/topic-partition.ts'
import { deadLetter } from '../../runtime/error-handlers.ts'
import { layOutTopics, type TopicLayout } from '../../runtime/topic-layout.ts'
import { inProcessSchemaRegistry } from '../../serdes/avro/in-process-schema-registry.ts'
import type { SerdeEnvironment } from '../../serdes/serde.ts'
import type { BrokerLink, Network } from './broker-link.ts'
import { Fate } from './fate.ts'
import { noFaults } from './faults.ts'
import { InputFeeder, type InputRecord } from './input-feeder.ts'
import { inputRecords } from './input-records.ts'
import { SchedulerClock } from './scheduler-clock.ts'
import { Scheduler } from './scheduler.ts'
import { SeededRandom } from './seeded-random.ts'
import { SimulatedWorker, type WorkerSurroundings } from './simulated-worker.ts'
import type { SimulationOptions } from './simulation-options.ts'
import type { SimulationFacts } from './simulation-result.ts'
import {
  applicationId,
  changelogTopics,
  drawSetup,
  drawTraits,
  type SimulationSetup,
} from './simulation-setup.ts'
import { Trace } from './trace.ts'

/** The broker, the workers and what befalls them. */
export class Simulation {
  readonly setup: SimulationSetup
  readonly scheduler: Scheduler = new Scheduler()
  readonly trace: Trace
  readonly broker: EmbeddedBroker
  readonly environment: SerdeEnvironment = { schemaRegistry: inProcessSchemaRegistry() }
  readonly workers: SimulatedWorker[] = []
  readonly layout: TopicLayout
  /** What workers ended with that they should not have ended with. */
  readonly failures: { readonly worker: string; readonly error: Error }[] = []
  readonly #options: SimulationOptions
  readonly #random: SeededRandom
  readonly #network: Network
  readonly #links = new Map<string, BrokerLink>()
  readonly #surroundings: WorkerSurroundings
  readonly #client: EmbeddedClient
  readonly #fate: Fate
  readonly #crashes = new Map<string, number>()
  #crashCount = 0
  #records: readonly InputRecord[] = []
  /** Workers that are down are started again. */
  #isOpen = true
  #starting = 0

  constructor(options: SimulationOptions) {
    const { scheduler } = this
    this.#options = options
    this.#random = new SeededRandom(options.seed)
    this.setup = drawSetup(options, this.#random.fork())
    this.trace = new Trace(scheduler)
    this.broker = this.#makeBroker()
    this.#client = this.broker.open({ clientId: 'observer' })
    let faults = this.setup.faults
    this.#network = {
      scheduler,
      trace: this.trace,
      broker: this.broker,
      lateJoins: new Set(),
      faults: () => faults,
      coordinatorsMoveUntilMs: 0,
      isSettled: false,
      hasExpelled: false,
      count: (fault) => this.#fate.count(fault),
      mayCrash: (point) => this.#mayCrash(point),
    }
    this.#surroundings = this.#makeSurroundings()
    const counts = new Map(this.setup.topics.map((name) => [name, this.setup.partitions]))
    this.layout = layOutTopics(this.setup.plan, applicationId, counts)
    this.#fate = new Fate({
      scheduler,
      random: this.#random.fork(),
      network: this.#network,
      broker: this.broker,
      workers: this.workers,
      setup: this.setup,
      changelogTopics: changelogTopics(this.setup.plan),
      addWorker: () => this.#addWorker(),
      onCalm: () => (faults = noFaults),
    })
  }

  /** Runs until the input is processed, through all that fails meanwhile; gives false where that takes too long. */
  async run(limitMs: number): Promise<boolean> {
    const { scheduler, setup } = this
    const random = this.#random.fork()
    this.#records = await inputRecords(this.#options, this.#random.fork(), this.environment)
    await this.#client.createTopics(
      setup.topics.map((name) => ({ name, partitions: setup.partitions })),
    )
    const feeder = this.#makeFeeder()
    feeder.start()
    for (let i = 0; i < setup.workers; i++) this.#addWorker()
    this.#fate.start()
    await scheduler.runUntil(() => feeder.hasEnded, scheduler.nowMs + limitMs)
    const calmAtMs = scheduler.nowMs + random.next() * 400
    await scheduler.runUntil(() => false, calmAtMs)
    this.#fate.calm()
    const arrived = await this.#untilCaughtUp(scheduler.nowMs + limitMs)
    this.#network.isSettled = true
    return arrived
  }

  /** Stops all workers; gives false where that takes too long. */
  async stop(limitMs: number): Promise<boolean> {
    this.#isOpen = false
    for (const worker of this.workers) worker.stop()
    const { scheduler } = this
    const isDown = (): boolean => this.workers.every(({ isUp }) => !isUp)
    return await scheduler.runUntil(isDown, scheduler.nowMs + limitMs)
  }

  /** The offsets that the application has committed. */
  async committed(partitions: readonly TopicPartition[]): Promise<readonly CommittedOffset[]> {
    const found: { offsets?: readonly CommittedOffset[]; error?: Error } = {}
    this.#client.committedOffsets(applicationId, partitions).then(
      (offsets) => (found.offsets = offsets),
      (error: Error) => (found.error = error),
    )
    const { scheduler } = this
    const isOver = (): boolean => found.offsets !== undefined || found.error !== undefined
    await scheduler.runUntil(isOver, scheduler.nowMs + 60_000)
    if (found.offsets) return found.offsets
    throw found.error ?? new Error('The offsets were not found')
  }

  /** Whether two workers may have processed the same at a time, unhindered by each other. */
  get hadZombies(): boolean {
    return !this.setup.exactlyOnce && (this.setup.zombies || this.#network.hasExpelled)
  }

  /** A partition of a transaction that has not ended; undefined where all have. */
  openTransaction(): PartitionLog | undefined {
    const { broker, setup, layout } = this
    return [...setup.topics, ...layout.internalTopics.map(({ name }) => name)]
      .flatMap((topic) => broker.topic(topic).partitions)
      .find((log) => log.lastStableOffset < log.highWatermark)
  }

  /** All partitions that tasks read. */
  inputPartitions(): readonly TopicPartition[] {
    const all = [...this.layout.tasks.values()].flatMap(({ partitions }) => partitions)
    const names = new Map(all.map((each) => [`${each.topic}-${each.partition}`, each]))
    return [...names.values()]
  }

  facts(outputRecords: number): SimulationFacts {
    return {
      virtualMs: this.scheduler.nowMs,
      events: this.scheduler.events,
      inputRecords: this.#records.length,
      outputRecords,
      crashes: this.#crashes,
      faults: this.#fate.counts,
    }
  }

  async close(): Promise<void> {
    this.#isOpen = false
    for (const worker of this.workers) worker.process?.kill()
    await this.broker.close()
  }

  /** Every task runs, and nothing is left to process. */
  async #untilCaughtUp(untilMs: number): Promise<boolean> {
    const { scheduler } = this
    while (scheduler.nowMs < untilMs) {
      await scheduler.runUntil(() => this.#allRun(), untilMs)
      if (!this.#allRun()) return false
      if (this.failures.length > 0 || (await this.#hasProcessedAll())) return true
      await scheduler.runUntil(() => false, scheduler.nowMs + 10)
    }
    return false
  }

  #allRun(): boolean {
    if (this.#starting > 0) return false
    const running: string[] = []
    for (const worker of this.workers) {
      if (!worker.isUp) continue
      const { state, tasks } = worker.status()!
      if (state !== 'running') return false
      for (const task of tasks) if (task.state === 'running') running.push(taskIdName(task.taskId))
    }
    // More of them, or some of them twice, where a worker does not know yet that it has lost some.
    const { size } = this.layout.tasks
    return running.length === size && new Set(running).size === size
  }

  async #hasProcessedAll(): Promise<boolean> {
    // What is written after it in a partition cannot be seen before that has ended.
    if (this.openTransaction()) return false
    const partitions = this.inputPartitions()
    const committed = await this.committed(partitions)
    const known = this.#offsetsOfWorkers()
    return partitions.every(({ topic, partition }) => {
      const log = this.broker.partition(topic, partition)
      const found = committed.find((each) => each.topic === topic && each.partition === partition)
      // The state comes after the broker's word.
      if (found && known.get(topicPartitionName(topic, partition)) !== found.offset) return false
      const read = log.read(Math.max(found?.offset ?? 0, log.logStart), this.#isolation, 1)
      return read === undefined || read.chunks.every(({ count }) => count === 0)
    })
  }

  #offsetsOfWorkers(): Map<string, number | undefined> {
    const tasks = this.workers.flatMap((worker) => worker.status()?.tasks ?? [])
    return new Map(
      tasks.flatMap(({ partitions }) =>
        partitions.map(({ topic, partition, committedOffset }) => [
          topicPartitionName(topic, partition),
          committedOffset,
        ]),
      ),
    )
  }

  get #isolation(): 'read_committed' | 'read_uncommitted' {
    return this.setup.exactlyOnce ? 'read_committed' : 'read_uncommitted'
  }

  #addWorker(): void {
    const random = this.#random.fork()
    const name = `w${this.workers.length + 1}`
    const traits = drawTraits(name, this.setup, random)
    const worker = new SimulatedWorker(name, this.#surroundings, traits, random)
    this.workers.push(worker)
    this.#startLater(worker, random.next() * 50)
  }

  #startLater(worker: SimulatedWorker, delayMs: number): void {
    this.#starting++
    this.scheduler.after(delayMs, () => {
      this.#starting--
      if (this.#isOpen && !worker.isUp) worker.start()
    })
  }

  #restart(worker: SimulatedWorker): void {
    if (!this.#isOpen) return
    const random = this.#random
    if (random.chance(this.#network.faults().diskLost)) worker.loseDisk()
    this.#startLater(worker, 10 + random.next() * (random.chance(0.5) ? 50 : 600))
  }

  #mayCrash(point: string): boolean {
    if (this.#crashCount >= this.setup.crashesMost) return false
    this.#crashCount++
    this.#crashes.set(point, (this.#crashes.get(point) ?? 0) + 1)
    return true
  }

  #makeBroker(): EmbeddedBroker {
    const { scheduler } = this
    const random = this.#random.fork()
    const post = (delayMs: number, run: () => void): ReturnType<Scheduler['after']> =>
      scheduler.after(delayMs, run)
    const face = { startMs: 2_000_000_000_000, rate: 1, readCostMs: 0 }
    return new EmbeddedBroker({
      clock: new SchedulerClock(scheduler, { post, turnMs: () => 0 }, face),
      random,
      onRequest: (client, request, again) => this.#links.get(client)?.onRequest(request, again),
    })
  }

  #makeSurroundings(): WorkerSurroundings {
    const { wrapBroker, wrapState, handlers } = this.#options
    return {
      broker: this.broker,
      network: this.#network,
      links: this.#links,
      applicationId,
      plan: this.setup.plan,
      environment: this.environment,
      handlers: {
        deserialization: deadLetter,
        processing: deadLetter,
        production: deadLetter,
        ...handlers,
      },
      wrapBroker,
      wrapState,
      onEnded: (worker, error) => {
        if (error) this.failures.push({ worker: worker.name, error })
        this.#restart(worker)
      },
      onKilled: (worker) => this.#restart(worker),
    }
  }

  #makeFeeder(): InputFeeder {
    const { setup, scheduler, trace, broker } = this
    return new InputFeeder({
      client: broker.open({ clientId: 'input' }),
      scheduler,
      random: this.#random.fork(),
      trace,
      records: this.#records,
      partitions: new Map(setup.topics.map((name) => [name, setup.partitions])),
      spreadMs: setup.spreadMs,
      transactional: setup.transactionalInput,
    })
  }
}

/** Why an application does not get on, as far as its workers say. */
export function standstill({ workers, layout }: Simulation): string {
  const states = workers.map((worker) => {
    const status = worker.status()
    if (!status) return `${worker.name} is down`
    const tasks = status.tasks.map(({ taskId, state }) => {
      return `${taskId.subTopology}_${taskId.partition} ${state}`
    })
    const error = status.error ? ` (${messageOf(status.error)})` : ''
    return `${worker.name} ${status.state}${error} with ${tasks.join(', ') || 'no task'}`
  })
  return `${states.join('; ')}; of ${layout.tasks.size} tasks`
}
