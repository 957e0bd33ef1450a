import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import type { DescribeFormat } from '../topology/describe-plan.ts'
import { cliLogger } from './cli-logger.ts'
import { runDiff } from './diff-command.ts'
import { addDlqCommands } from './dlq-commands.ts'
import { exitCodes } from './exit-code.ts'
import { loadTopology } from '../load-topology.ts'
import { findTopology, resolveConfig } from './resolve-config.ts'
import { withThreadModule } from './thread-config.ts'
import { addSchemasCommands } from './schemas-commands.ts'
import { httpAddress, kebab, settings, type TextSettings } from './settings-sources.ts'

interface LogFlags {
  readonly logLevel: string
  readonly logFormat: string
}

interface DevFlags extends LogFlags {
  readonly applicationId?: string
  readonly partitions: number
  readonly data?: string
  readonly input: string[]
  readonly print: string[]
  readonly http: string
  readonly exit?: true
}

/**
 * The command line. It throws instead of exiting, and whoever runs it says what became of it.
 *
 * What only one command needs is loaded by that command: a broker or a worker is no part of `describe`.
 */
export function createProgram(): Command {
  const program = new Command('millrace')
  program
    .description('Stream processing on Kafka')
    .version(packageVersion())
    .option('--verbose', 'show where in the code an error came from')
    .showHelpAfterError('(millrace --help says what there is)')
    .exitOverride()
  addRun(program)
  addDev(program)
  program
    .command('describe')
    .description('print a topology')
    .argument('<module>', 'the module that exports the topology')
    .addOption(
      new Option(
        '--format <format>',
        'text as Kafka Streams prints it, a Mermaid flow chart, a graph for Graphviz, or a snapshot in JSON',
      )
        .choices(['text', 'mermaid', 'dot', 'json'])
        .default('text'),
    )
    .action(async (module: string, { format }: { format: DescribeFormat }) => {
      const topology = await loadTopology(module)
      console.log(topology.describe({ format }).trimEnd())
    })
  addDiff(program)
  addSchemasCommands(program)
  addDlqCommands(program)
  return program
}

function addRun(program: Command): void {
  const run = program
    .command('run')
    .description('run a worker; SIGTERM and SIGINT drain it')
    .argument('[module]', "the module that exports the topology; default: the configuration file's")
    .option('--config <file>', 'default: millrace.config.{ts,mts,js,mjs} where there is one')
    .option('--brokers <addresses>', 'of Kafka, separated by commas (MILLRACE_BROKERS)')
  for (const [name, { variable }] of Object.entries(settings)) {
    run.option(`--${kebab(name)} <value>`, `overrides ${variable} and the file`)
  }
  addLogOptions(run).action(async (module: string | undefined, flags: TextSettings & LogFlags) => {
    const logger = cliLogger({ level: flags.logLevel, format: flags.logFormat })
    const { config: file } = flags as { readonly config?: string }
    const sources = { module, file, flags, environment: process.env }
    const config = withThreadModule(await resolveConfig(sources, logger), sources)
    const { runWorker } = await import('./run-command.ts')
    await runWorker(config, logger)
  })
}

interface DiffFlags {
  readonly config?: string
  readonly snapshot?: string
  readonly update?: true
  readonly allow: string[]
}

function addDiff(program: Command): void {
  program
    .command('diff')
    .description(
      'compare a topology with its committed snapshot; fail where state would be orphaned',
    )
    .argument('[module]', "the module that exports the topology; default: the configuration file's")
    .option('--config <file>', 'default: millrace.config.{ts,mts,js,mjs} where there is one')
    .option('--snapshot <file>', "default: the configuration file's, or topology.json")
    .option('--update', 'write the snapshot anew, where nothing is refused')
    .option(
      '--allow <name>',
      'let the state of a store or topic be orphaned; may repeat',
      collect,
      [],
    )
    .action(async (module: string | undefined, flags: DiffFlags) => {
      const { topology, snapshot } = await findTopology(module, flags.config)
      const file = flags.snapshot ?? snapshot
      const { allow, update } = flags
      const options = { topology, snapshot: file, update: update === true, allow }
      const accepted = runDiff(options, (line) => console.log(line))
      if (!accepted) process.exitCode = exitCodes.failed
    })
}

function addDev(program: Command): void {
  const dev = program
    .command('dev')
    .description('run a topology on a broker and a schema registry within this process')
    .argument('<module>', 'the module that exports the topology')
    .option('--application-id <id>', "default: the module's name")
    .option('--partitions <count>', 'of the topics that are created', positive, 4)
    .option('--data <folder>', 'keep topics and schemas there for the next time')
    .option(
      '--input <topic=file>',
      'write the records of a file of JSON lines; may repeat',
      collect,
      [],
    )
    .option('--print <topic>', 'print what is written to a topic; may repeat', collect, [])
    .option('--http <address>', 'PORT or HOST:PORT; 0 takes any free port', '9464')
    .option('--exit', 'end when the inputs are processed')
  addLogOptions(dev).action(async (module: string, flags: DevFlags) => {
    const topology = await loadTopology(module)
    const logger = cliLogger({ level: flags.logLevel, format: flags.logFormat })
    const applicationId = flags.applicationId ?? basename(module).replace(/\.[^.]*$/, '')
    const { runDev } = await import('./dev-command.ts')
    await runDev(
      {
        topology,
        applicationId,
        partitions: flags.partitions,
        data: flags.data,
        inputs: flags.input,
        print: flags.print,
        http: httpAddress(flags.http, '--http'),
        exit: flags.exit === true,
      },
      logger,
    )
  })
}

function addLogOptions(command: Command): Command {
  return command
    .option('--log-level <level>', 'debug, info, warn or error', 'warn')
    .option('--log-format <format>', 'text or json', 'text')
}

function collect(value: string, before: string[]): string[] {
  return [...before, value]
}

function positive(text: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && value > 0) return value
  throw new InvalidArgumentError('expected a whole number above 0')
}

function packageVersion(): string {
  const file = new URL('../../package.json', import.meta.url)
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
}
