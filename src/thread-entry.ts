// What each of several threads of a process begins with. `threaded-streams.ts` starts it, and is its other end.
import { parentPort, workerData } from 'node:worker_threads'
import { systemClock } from './core/clock.ts'
import { TopologyError } from './core/errors.ts'
import { openLocalStreams, type LocalStreams } from './local-streams.ts'
import { PrometheusMetrics } from './metrics/prometheus.ts'
import { openRegistry, type OpenRegistry } from './open-registry.ts'
import type { LockedFolder } from './state/rocksdb/state-folder.ts'
import { loadThreadConfig } from './thread-module.ts'
import { errorMessage } from './threads/error-message.ts'
import { PortChannel } from './threads/port-channel.ts'
import { sendingLogger } from './threads/portable-log.ts'
import type { ProcessCalls, ThreadCalls, ThreadReport, ThreadTask } from './threads/protocol.ts'
import { storeCodecs } from './threads/store-codec.ts'
import { StoreServer } from './threads/store-server.ts'

const reportIntervalMs = 250
const dyingMs = 5_000

interface Opened {
  readonly host: LocalStreams
  readonly registry: OpenRegistry
  readonly metrics: PrometheusMetrics
  readonly stores: StoreServer
}

const task = workerData as ThreadTask
const ending = new AbortController()
let opened: Opened | undefined
let dying = false

const calls: ThreadCalls = {
  open,
  start,
  close,
  metrics: () => theOpened().metrics.families(),
  places: (storeName) => theOpened().stores.places(storeName),
  read: (read) => theOpened().stores.read(read),
  scan: (read) => theOpened().stores.scan(read),
  nextPage: (rest) => theOpened().stores.nextPage(rest),
  endScan: (rest) => theOpened().stores.endScan(rest),
}
const channel = new PortChannel<ProcessCalls>(parentPort!, calls)
process.on('uncaughtException', (error) => {
  if (ending.signal.aborted) warn('Code in a thread has thrown while the thread closes', error)
  else void die(error)
})

async function open(): Promise<void> {
  const config = await loadThreadConfig(task.module, task.settings)
  if (config.topology.describe() !== task.topology) {
    throw new TopologyError(
      `${task.module} gives a thread another topology than the process has: each thread loads the module anew, so ` +
        'what it exports must be the same each time',
    )
  }
  const registry = await openRegistry(config)
  const { index, processId } = task
  const metrics = new PrometheusMetrics({ defaultLabels: { application: config.applicationId } })
  const folder = task.folder as LockedFolder | undefined
  const host = await openLocalStreams(config, {
    environment: registry.environment,
    metrics,
    logger: sendingLogger((...message) => channel.tell('log', ...message)),
    thread: { index, processId },
    ...(folder && {
      folder: {
        ...folder,
        thread: index,
        acquire: (name) => channel.call('acquire', name),
        release: (name) => channel.tell('release', name),
      },
    }),
  })
  const plan = config.topology.plan()
  const codecs = storeCodecs(plan, config.applicationId, registry.environment)
  const stores = new StoreServer(host, codecs, systemClock)
  opened = { host, registry, metrics, stores }
  host.onStateChange(() => report())
  await host.connect()
}

async function start(): Promise<void> {
  const { host } = theOpened()
  await host.start()
  host.closed.catch((error: unknown) => void die(error as Error))
  void reportNowAndThen()
}

async function close(timeoutMs: number): Promise<void> {
  ending.abort()
  if (!opened) return
  const { host, registry, stores } = opened
  await stores.close()
  await host.stop({ timeoutMs })
  await host.close()
  await registry.close()
}

/** A report is a sign of life too: a thread whose event loop is blocked sends none. */
async function reportNowAndThen(): Promise<void> {
  while (!ending.signal.aborted) {
    report()
    await systemClock.sleep(reportIntervalMs, ending.signal).catch(() => undefined)
  }
}

function report(): void {
  if (!opened) return
  const { state, error, tasks, standbys, broker } = opened.host.status()
  const stores = opened.stores.allPlaces()
  const said: ThreadReport = {
    state,
    error: error && errorMessage(error),
    tasks,
    standbys,
    broker,
    stores,
  }
  channel.tell('report', said)
}

/** Ends this thread with an error: commits nothing more, and lets the group and the state folder go. */
async function die(error: Error): Promise<void> {
  if (dying || ending.signal.aborted) return
  dying = true
  channel.tell('failed', errorMessage(error))
  const late = systemClock.sleep(dyingMs)
  await Promise.race([leave(error), late])
  process.exit(1)
}

async function leave(error: Error): Promise<void> {
  try {
    await opened?.host.abandon(error)
    await opened?.host.close()
  } catch (failure) {
    warn('Closing a thread that has failed: it could not let all go', failure)
  }
}

function warn(message: string, error: unknown): void {
  channel.tell('log', 'warn', message, { plain: {}, errors: { error: errorMessage(error) } })
}

function theOpened(): Opened {
  if (opened) return opened
  throw new TopologyError('The thread has not loaded its topology yet')
}
