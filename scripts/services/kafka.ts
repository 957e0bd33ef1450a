import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePorts } from './free-port.ts'
import { makeKafkaTls } from './kafka-tls.ts'
import { resolveMaven } from './maven.ts'
import { startServiceProcess, type ServiceProcess } from './service-process.ts'

const run = promisify(execFile)

/** The Kafka that the project is tested against. */
export const kafkaVersion = '4.3.1'

/** How to start Kafka; everything has a default. */
export interface KafkaOptions {
  /** Where its data lies. Default: a new temporary folder, removed at stop. A folder used before is taken up again. */
  readonly folder?: string
  /** The clients' port. Default: a free one. */
  readonly port?: number
  /** The controller's port. Default: a free one. */
  readonly controllerPort?: number
  /** Broker settings by Kafka's names, over the defaults below. */
  readonly config?: Readonly<Record<string, string>>
  /** Makes this node a further broker of a running Kafka, which must have been started with the default folder. */
  readonly join?: RunningKafka
  /** A user and a password: clients must log in with SASL PLAIN. */
  readonly saslPlain?: { readonly username: string; readonly password: string }
  /** Clients must connect with TLS, trusting {@link RunningKafka.certificate}. */
  readonly tls?: boolean
  /** Levels of features other than the version's own, such as `transaction.version=1`, of a new folder. */
  readonly features?: readonly string[]
  /** Most heap that Java may use, in MiB. Default 768. */
  readonly heapMb?: number
  /** How long it may take to answer. Default 60 s. */
  readonly timeoutMs?: number
  /** @defaultValue {@link kafkaVersion} */
  readonly version?: string
}

/** A running Kafka: one KRaft node that is broker and controller. */
export interface RunningKafka {
  /** `127.0.0.1:port`, for clients. */
  readonly bootstrap: string
  readonly port: number
  readonly controllerPort: number
  readonly folder: string
  readonly pid: number
  readonly nodeId: number
  readonly clusterId: string
  /** In PEM form, where it was started with `tls`. */
  readonly certificate: string | undefined
  /**
   * Ends it. With `keepData` the folder stays, to be started on again with the same `folder`, `port` and
   * `controllerPort`. `signal` SIGKILL is a crash.
   */
  stop(options?: { readonly keepData?: boolean; readonly signal?: NodeJS.Signals }): Promise<void>
}

/** The folder with Kafka's jars, fetched through Maven at the first call. */
export function kafkaJars(version = kafkaVersion): Promise<string> {
  return resolveMaven({
    name: `kafka-${version}`,
    artifacts: [
      { groupId: 'org.apache.kafka', artifactId: 'kafka_2.13', version },
      { groupId: 'org.slf4j', artifactId: 'slf4j-simple', version: '1.7.36' },
    ],
  })
}

/** Starts a real Kafka and resolves when it answers. It ends with this process at the latest. */
export async function startKafka(options: KafkaOptions = {}): Promise<RunningKafka> {
  const jars = await kafkaJars(options.version)
  const ownFolder = options.folder === undefined
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'millrace-kafka-')))
  const [freePort, freeControllerPort] = await freePorts(2)
  const port = options.port ?? freePort!
  const controllerPort =
    options.join?.controllerPort ?? options.controllerPort ?? freeControllerPort!
  const nodeId = options.join === undefined ? 1 : options.join.nodeId + 1
  const clusterId = options.join?.clusterId ?? randomBytes(16).toString('base64url')
  const java = ['-cp', join(jars, '*'), `-Dorg.slf4j.simpleLogger.defaultLogLevel=warn`]
  const properties = join(folder, 'server.properties')
  await mkdir(folder, { recursive: true })
  const tls = options.tls === true ? await makeKafkaTls(folder) : undefined
  const place = { folder, port, controllerPort, nodeId }
  await writeFile(properties, propertiesOf(place, options, tls?.settings))
  if (!existsSync(join(folder, 'data', 'meta.properties'))) {
    // In one word with its flag: one id in 64 begins with a dash.
    const features = (options.features ?? []).map((feature) => `--feature=${feature}`)
    const format = ['format', `--cluster-id=${clusterId}`, '-c', properties, ...features]
    await run('java', ['-XX:TieredStopAtLevel=1', ...java, 'kafka.tools.StorageTool', ...format])
  }
  const heap = [`-Xmx${options.heapMb ?? 768}m`, '-Xms128m', '-XX:+UseSerialGC']
  const service = startServiceProcess({
    name: 'Kafka',
    command: 'java',
    args: [...heap, ...java, 'kafka.Kafka', properties],
    cwd: folder,
    ...(ownFolder ? { removeOnDeath: folder } : {}),
  })
  try {
    await untilItAnswers(service, port, options.timeoutMs ?? 60_000)
  } catch (error) {
    await service.stop('SIGKILL')
    if (ownFolder) await rm(folder, { recursive: true, force: true })
    throw error
  }
  return {
    bootstrap: `127.0.0.1:${port}`,
    port,
    controllerPort,
    folder,
    pid: service.pid,
    nodeId,
    clusterId,
    certificate: tls?.certificate,
    async stop({ keepData = false, signal = 'SIGTERM' } = {}) {
      await service.stop(signal)
      if (!keepData && ownFolder) await rm(folder, { recursive: true, force: true })
    },
  }
}

interface NodePlace {
  readonly folder: string
  readonly port: number
  readonly controllerPort: number
  readonly nodeId: number
}

function propertiesOf(
  place: NodePlace,
  options: KafkaOptions,
  tls: Readonly<Record<string, string>> = {},
): string {
  const { folder, port, controllerPort, nodeId } = place
  const isController = options.join === undefined
  const clientListener = `CLIENTS://127.0.0.1:${port}`
  const sasl = options.saslPlain
  const encryption = options.tls === true ? 'SSL' : 'PLAINTEXT'
  const clients = sasl === undefined ? encryption : `SASL_${encryption}`
  const settings: Record<string, string> = {
    'process.roles': isController ? 'broker,controller' : 'broker',
    'node.id': String(nodeId),
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    'controller.listener.names': 'CONTROLLER',
    listeners: isController
      ? `${clientListener},CONTROLLER://127.0.0.1:${controllerPort}`
      : clientListener,
    'advertised.listeners': clientListener,
    'listener.security.protocol.map': `CLIENTS:${clients},CONTROLLER:PLAINTEXT`,
    'inter.broker.listener.name': 'CLIENTS',
    'log.dirs': join(folder, 'data'),
    'num.partitions': '1',
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': '4',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'transaction.state.log.num.partitions': '4',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    'group.initial.rebalance.delay.ms': '0',
    'group.min.session.timeout.ms': '100',
    'auto.create.topics.enable': 'false',
    // Records of tests and examples may be of any time, and Kafka deletes what is older than a week.
    'log.retention.ms': '-1',
    // The log cleaner would allocate 128 MiB for itself.
    'log.cleaner.dedupe.buffer.size': '8388608',
    ...(sasl === undefined ? {} : saslSettings(sasl.username, sasl.password)),
    ...tls,
    ...options.config,
  }
  return Object.entries(settings)
    .map(([key, value]) => `${key}=${value.replaceAll('\\', '/')}\n`)
    .join('')
}

function saslSettings(username: string, password: string): Record<string, string> {
  const login = 'org.apache.kafka.common.security.plain.PlainLoginModule required'
  return {
    'sasl.enabled.mechanisms': 'PLAIN',
    'sasl.mechanism.inter.broker.protocol': 'PLAIN',
    'listener.name.clients.plain.sasl.jaas.config': `${login} username="${username}" password="${password}" user_${username}="${password}";`,
  }
}

async function untilItAnswers(
  service: ServiceProcess,
  port: number,
  timeoutMs: number,
): Promise<void> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    if (service.hasExited()) throw new Error(`Kafka ended at start-up: ${service.lastOutput()}`)
    if (await answersApiVersions(port)) return
    if (performance.now() > deadline) {
      throw new Error(`Kafka did not answer within ${timeoutMs} ms: ${service.lastOutput()}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

/** Whether the broker answers an ApiVersions v0 request, which it does from the moment it serves clients. */
function answersApiVersions(port: number): Promise<boolean> {
  // Size 10, then api key 18, version 0, correlation id 1, no client id.
  const request = Buffer.from('0000000a' + '0012' + '0000' + '00000001' + 'ffff', 'hex')
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, timeout: 1000 })
    const end = (answered: boolean): void => {
      socket.destroy()
      resolve(answered)
    }
    socket.once('connect', () => socket.write(request))
    socket.once('data', () => end(true))
    socket.once('timeout', () => end(false))
    socket.once('error', () => end(false))
    socket.once('close', () => end(false))
  })
}
