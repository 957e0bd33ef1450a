import { EmbeddedBroker } from '../broker/embedded/index.ts'
import { systemClock } from '../core/clock.ts'
import { ConfigError } from '../core/errors.ts'
import type { Logger } from '../core/logger.ts'
import { systemRandom } from '../core/random.ts'
import { createTopics } from '../create-topics.ts'
import { KafkaStreams } from '../kafka-streams.ts'
import type { HttpConfig } from '../kafka-streams-config.ts'
import { inProcessSchemaRegistry } from '../serdes/avro/index.ts'
import type { Topology } from '../topology/topology.ts'
import { writeInput, type DevInput } from './dev-input.ts'
import { DevPrinter } from './dev-printer.ts'
import { devTopics, inputNamed, inputNames, topicNamed, type DevTopics } from './dev-topics.ts'
import { untilStopped } from './until-stopped.ts'

/** What `millrace dev` was asked for. */
export interface DevOptions {
  readonly topology: Topology
  readonly applicationId: string
  readonly partitions: number
  /** A folder in which topics and schemas are kept for the next time. */
  readonly data: string | undefined
  /** Each `topic=file`. */
  readonly inputs: readonly string[]
  readonly print: readonly string[]
  readonly http: HttpConfig
  /** Whether to end when the inputs are processed. */
  readonly exit: boolean
}

const settledChecks = 5
const checkIntervalMs = 50

/** Runs a topology on a broker and a schema registry within this process. */
export async function runDev(options: DevOptions, logger: Logger): Promise<void> {
  const { topology, applicationId, data, http, partitions } = options
  const topics = devTopics(topology.plan())
  const all = [...topics.sources.values(), ...topics.sinks.values()]
  const inputs = options.inputs.map((text) => parseInput(text, topics))
  const printed = options.print.map((name) => topicNamed(name, all, '--print'))
  await using broker = new EmbeddedBroker(data === undefined ? {} : { folder: `${data}/broker` })
  await using schemaRegistry = inProcessSchemaRegistry(
    data === undefined ? {} : { file: `${data}/schemas.json` },
  )
  await createTopics(
    broker,
    [...new Set([...all, ...inputs.map(({ topic }) => topic)].map(({ name }) => name))].map(
      (name) => ({ name, partitions }),
    ),
  )
  const client = broker.open({
    clock: systemClock,
    random: systemRandom,
    logger,
    clientId: 'millrace-dev',
  })
  const environment = { schemaRegistry }
  const printer = new DevPrinter(client, printed, environment, (line) => console.log(line))
  const signals = untilStopped(logger)
  const requireExplicitNames = false
  const parts = { applicationId, topology, broker, schemaRegistry, http, logger }
  const app = new KafkaStreams({ ...parts, requireExplicitNames })
  try {
    await app.start()
    await printer.start(client)
    say(app, topics)
    for (const input of inputs) {
      const count = await writeInput(input, { broker, schemaRegistry })
      logger.info(`Wrote ${count} records to ${input.topic.name}`, { file: input.file })
    }
    await Promise.race([
      signals.stopped,
      app.closed,
      printer.ended,
      ...(options.exit ? [untilSettled(app, printer)] : []),
    ])
  } finally {
    await app.close()
    await printer.close()
    signals.end()
  }
  const { error } = app.status()
  if (error) throw error
}

function say(app: KafkaStreams, topics: DevTopics): void {
  const { applicationId, tasks } = app.status()
  const lines = [
    `${applicationId} runs with ${tasks.length} tasks on a broker that lives in this process, and only here`,
    `  reads    ${inputNames(topics).join(', ')}`,
    `  writes   ${[...topics.sinks.keys()].join(', ') || 'nothing'}`,
    `  views    ${app.httpUrl}/views`,
    `  metrics  ${app.httpUrl}/metrics`,
  ]
  process.stderr.write(`${lines.join('\n')}\n`)
}

/** Waits until nothing is left to process, and everything that came of it is printed. */
async function untilSettled(app: KafkaStreams, printer: DevPrinter): Promise<void> {
  for (let quiet = 0; quiet < settledChecks;) {
    await systemClock.sleep(checkIntervalMs)
    const partitions = app.status().tasks.flatMap((task) => task.partitions)
    const isQuiet = printer.idle && partitions.every(({ lagRecords }) => lagRecords === 0)
    quiet = isQuiet ? quiet + 1 : 0
  }
}

function parseInput(text: string, topics: DevTopics): DevInput {
  const at = text.indexOf('=')
  if (at < 1) throw new ConfigError(`--input is ${text}; expected topic=file.jsonl`)
  return { topic: inputNamed(text.slice(0, at), topics), file: text.slice(at + 1) }
}
