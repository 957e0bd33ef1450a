import type { Fetcher, GroupMembership, Producer } from '../broker/port.ts'
import { ConfigError } from '../core/errors.ts'
import { changelogEnds } from './assignor/changelog-ends.ts'
import { isolationOf } from './active-task.ts'
import { MemberFacts } from './assignor/member-facts.ts'
import { TaskAssignor } from './assignor/task-assignor.ts'
import type { BrokerHealth } from './broker-health.ts'
import { BrokerRecordCollector } from './broker-record-collector.ts'
import type { CommitCycle } from './commit/commit-cycle.ts'
import { openCommits } from './commit/commits.ts'
import { DeadLetters } from './dead-letters.ts'
import { GlobalStores } from './global-stores.ts'
import { GroupSession } from './group-session.ts'
import { openTasks, withHeldBackStores } from './held-back/open-held-back.ts'
import type { DroppedLettersTopic } from './held-back/dropped-letters.ts'
import { InputBuffers } from './input-buffers.ts'
import { InputChanges } from './input-changes.ts'
import { deadLetterTopicOf } from './input-topics.ts'
import { LostOffsets } from './lost-offsets.ts'
import { ProcessingLoop, type ProcessingLoopParts } from './processing-loop.ts'
import { Rebalancer } from './rebalancer.ts'
import { RepartitionPurge } from './repartition-purge.ts'
import { ChangelogRestorer } from './restore/changelog-restorer.ts'
import { StandbyTasks, type StandbyTasksParts } from './standby/standby-tasks.ts'
import { repartitionTopicsOf, StartPositions } from './start-positions.ts'
import { TaskArrivals } from './task-arrivals.ts'
import type { TaskManager } from './task-manager.ts'
import { TopicLayouts } from './topic-layouts.ts'
import { TopicWatch } from './topic-watch.ts'
import { WorkerMetrics } from './worker-metrics.ts'
import type { WorkerOptions } from './worker-options.ts'

/** What the worker tells its parts. */
export interface WorkerSignals {
  /** Learns whether the broker answers. */
  readonly health: BrokerHealth
  /** Wakes the loop, since there is something to do. */
  wake(): void
  /** Ends the worker. */
  fail(error: Error): void
}

/** The parts of a running worker, joined. */
export interface WorkerParts {
  readonly layouts: TopicLayouts
  readonly watch: TopicWatch
  readonly fetcher: Fetcher
  readonly membership: GroupMembership
  readonly session: GroupSession
  readonly facts: MemberFacts
  readonly collector: BrokerRecordCollector
  readonly tasks: TaskManager
  readonly standbys: StandbyTasks
  readonly globalStores: GlobalStores
  /** Undefined where nothing is held back behind dead letters. */
  readonly droppedLetters: DroppedLettersTopic | undefined
  readonly rebalancer: Rebalancer
  readonly arrivals: TaskArrivals
  readonly commits: CommitCycle
  readonly loop: ProcessingLoop
  readonly purge: RepartitionPurge
  readonly metrics: WorkerMetrics
  /** A new producer in place of one that failed; under `exactly_once` it fences the old one. */
  openProducer(): Promise<Producer>
}

/**
 * Checks the topics, creates the internal ones, and joins the parts of a worker. Nothing is assigned yet.
 *
 * @throws ConfigError where the broker cannot give the guarantee; UnknownTopicError, TopologyError for topics that are
 * missing or do not fit
 */
export async function assembleWorker(
  given: WorkerOptions,
  signals: WorkerSignals,
): Promise<WorkerParts> {
  const options = withHeldBackStores(given)
  const { wake, health } = signals
  checkGuarantee(options)
  const layouts = await TopicLayouts.open(options)
  const processId = await processIdOf(options)
  const openProducer = producerOpener(options, processId)
  const { collector, deadLetters } = await openOutput(options, await openProducer())
  const globalStores = new GlobalStores(options)
  const opened = await openTasks(options, { collector, deadLetters, globalStores, wake })
  const { tasks } = opened
  const metrics = new WorkerMetrics(options.metrics, options.clock, {
    tasks: () => tasks.all.length,
    standbys: (): number => standbys.all.length,
  })
  metrics.watch(health)
  const isHeldUp = (): boolean => !arrivals.areOver
  const standbys = openStandbys(options, { layouts, metrics, isHeldUp, onFailed: wake })
  const facts = new MemberFacts(options, processId, () => standbys.all.map(({ name }) => name))
  const membership = health.watching(openMembership(options, layouts, facts))
  const session = openSession(options, { membership, facts, onUnrest: wake })
  const fetcher = openInput(options)
  const restorer = openRestorer(options, metrics)
  const positions = new StartPositions(options)
  const arrivals = new TaskArrivals(options, { fetcher, restorer, positions, onProgress: wake })
  const purge = openPurge(options)
  const commits = openCommits(options, {
    collector,
    membership,
    session,
    tasks,
    purge,
    metrics,
    onEnded: wake,
  })
  const rebalancer = new Rebalancer(options, {
    tasks,
    standbys,
    fetcher,
    layouts,
    inputChanges: new InputChanges(options, { tasks, fetcher, positions }),
    commits,
    arrivals,
    metrics,
  })
  const lostOffsets = new LostOffsets(options, (place, records) => metrics.lost(place, records))
  const loop = openLoop(options, { fetcher, tasks, collector, commits, lostOffsets }, metrics)
  return {
    layouts,
    watch: openWatch(options, layouts, session),
    fetcher,
    membership,
    session,
    facts,
    collector,
    ...opened,
    standbys,
    globalStores,
    rebalancer,
    arrivals,
    commits,
    loop,
    purge,
    metrics,
    openProducer,
  }
}

function checkGuarantee({ broker, config }: WorkerOptions): void {
  if (config.processingGuarantee === 'at_least_once' || broker.supportsTransactions) return
  throw new ConfigError(
    `exactly_once is not available on ${broker.name} yet; set processingGuarantee: 'at_least_once'`,
    { field: 'processingGuarantee' },
  )
}

async function processIdOf({ thread, state, random }: WorkerOptions): Promise<string> {
  return thread?.processId ?? (await state.processId?.()) ?? random.uuid()
}

/**
 * One id for the life of the worker, and of those that come after it on the same state: a producer that is opened anew
 * fences the one before, and ends the transaction that a crash has left open.
 */
function producerOpener(options: WorkerOptions, processId: string): () => Promise<Producer> {
  const { broker, config, applicationId, thread } = options
  const { transactionTimeoutMs, compression, producerBufferBytes: maxBufferedBytes } = config
  const common = { compression, maxBufferedBytes }
  if (config.processingGuarantee === 'at_least_once') return () => broker.openProducer(common)
  const transactionalId = `${applicationId}-${processId}-${thread?.index ?? 1}`
  return () => broker.openProducer({ ...common, transactionalId, transactionTimeoutMs })
}

/** Where records go: the producer is closed again where what it needs is not there. */
async function openOutput(
  options: WorkerOptions,
  producer: Producer,
): Promise<{ collector: BrokerRecordCollector; deadLetters: DeadLetters }> {
  const { broker, config, clock, logger } = options
  const transactional = config.processingGuarantee === 'exactly_once'
  const collector = new BrokerRecordCollector(broker, producer, transactional)
  const topic = deadLetterTopicOf(options)
  const { applicationId } = options
  const deadLetters = new DeadLetters({ topic, applicationId, collector, clock, logger })
  try {
    await deadLetters.prepare(broker, config)
  } catch (error) {
    await producer.close()
    throw error
  }
  return { collector, deadLetters }
}

/** What the client fetches ahead is a part of what may wait to be processed. */
function openInput({ broker, config }: WorkerOptions): Fetcher {
  const isolation = isolationOf(config.processingGuarantee)
  return broker.openFetcher({
    isolation,
    maxBufferedBytes: Math.ceil(config.inputBufferMaxBytes / 4),
  })
}

function openRestorer(options: WorkerOptions, metrics: WorkerMetrics): ChangelogRestorer {
  const { broker, config, clock, logger } = options
  return new ChangelogRestorer({
    broker,
    isolation: isolationOf(config.processingGuarantee),
    clock,
    logger,
    onRestored: (task, records) => metrics.restored(task, records),
  })
}

function openStandbys(
  options: WorkerOptions,
  parts: Pick<StandbyTasksParts, 'isHeldUp' | 'onFailed'> & {
    readonly layouts: TopicLayouts
    readonly metrics: WorkerMetrics
  },
): StandbyTasks {
  const { layouts, metrics, isHeldUp, onFailed } = parts
  return new StandbyTasks(options, {
    layout: () => layouts.current.tasks,
    isHeldUp,
    onOpened: (task) => metrics.addStandby(task),
    onGone: (task) => metrics.removeTask(task),
    onRestored: (task, records) => metrics.restored(task, records),
    onFailed,
  })
}

function openPurge(options: WorkerOptions): RepartitionPurge {
  const { broker, config, clock, logger } = options
  const intervalMs = config.repartitionPurgeIntervalMs
  return new RepartitionPurge({
    broker,
    clock,
    logger,
    topics: repartitionTopicsOf(options),
    intervalMs,
  })
}

function openMembership(
  options: WorkerOptions,
  layouts: TopicLayouts,
  facts: MemberFacts,
): GroupMembership {
  const { broker, config, applicationId, logger, thread } = options
  const assignor = new TaskAssignor({
    topics: () => layouts.topics,
    logger,
    settings: config,
    probingRebalanceIntervalMs: config.probingRebalanceIntervalMs,
    memberData: (last) => facts.data(last),
    look: () => layouts.look(),
    changelogEnds: (tasks) => changelogEnds(options, tasks),
  })
  const { sessionTimeoutMs, rebalanceTimeoutMs, groupInstanceId } = config
  return broker.openGroup({
    groupId: applicationId,
    assignor,
    sessionTimeoutMs,
    rebalanceTimeoutMs,
    // Each thread of a process is a member of its own.
    ...(groupInstanceId !== undefined && {
      instanceId: `${groupInstanceId}-${thread?.index ?? 1}`,
      // The process before this one may have been killed while it was joining.
      strayJoins: 1,
    }),
  })
}

function openSession(
  { clock, logger, config }: WorkerOptions,
  parts: {
    readonly membership: GroupMembership
    readonly facts: MemberFacts
    readonly onUnrest: () => void
  },
): GroupSession {
  const { membership, facts, onUnrest } = parts
  const { heartbeatIntervalMs, sessionTimeoutMs } = config
  const beforeJoin = (): Promise<void> => facts.refresh()
  return new GroupSession({
    membership,
    clock,
    logger,
    heartbeatIntervalMs,
    sessionTimeoutMs,
    beforeJoin,
    onUnrest,
  })
}

function openLoop(
  options: WorkerOptions,
  parts: Omit<ProcessingLoopParts, 'inputs'>,
  metrics: WorkerMetrics,
): ProcessingLoop {
  const { fetcher, tasks, collector } = parts
  const { maxBufferedBytes, inputBufferMaxBytes } = options.config
  const inputs = new InputBuffers({ fetcher, tasks, maxBufferedBytes, inputBufferMaxBytes })
  metrics.observeBuffers({ broker: options.broker, fetcher, collector, inputs })
  return new ProcessingLoop(options, { ...parts, inputs })
}

function openWatch(
  { clock, logger, config }: WorkerOptions,
  layouts: TopicLayouts,
  session: GroupSession,
): TopicWatch {
  return new TopicWatch({
    clock,
    logger,
    intervalMs: config.metadataMaxAgeMs,
    difference: () => layouts.difference(),
    onChange: () => session.requestRejoin(),
  })
}
