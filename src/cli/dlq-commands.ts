import { InvalidArgumentError, Option, type Command } from 'commander'
import type {
  DeadLetterFilter,
  DeadLetterQueue,
  ListedDeadLetter,
  RedriveOptions,
} from '../index.ts'
import { deadLetterJson, deadLetterTable, placeOf } from './dlq-printer.ts'
import { resolvePlace } from './resolve-config.ts'

interface FilterFlags {
  readonly config?: string
  readonly brokers?: string
  readonly applicationId?: string
  readonly deadLetterTopic?: string
  readonly topic?: string
  readonly partition?: number
  readonly key?: string
  readonly offsets?: { readonly from?: number; readonly to?: number }
  readonly since?: number
  readonly until?: number
  readonly error?: string
}

interface ListFlags extends FilterFlags {
  readonly pending?: true
  readonly limit: number
  readonly format: 'table' | 'json'
}

interface DropFlags extends FilterFlags {
  readonly limit: number
  readonly dryRun?: true
}

interface RedriveFlags extends FilterFlags {
  readonly to?: string
  readonly toPartition: 'same' | 'key' | number
  readonly limit: number
  readonly dryRun?: true
}

/** Adds `dlq list|redrive|drop`. */
export function addDlqCommands(program: Command): void {
  const dlq = program.command('dlq').description('the dead letters of an application')
  filtered(dlq.command('list'))
    .description('show the records that failed, and why')
    .option('--pending', 'leave out what was redriven or dropped')
    .option('--limit <count>', 'how many at most', count, 100)
    .addOption(
      new Option('--format <format>', 'a table, or one JSON object a line')
        .choices(['table', 'json'])
        .default('table'),
    )
    .action(list)
  filtered(dlq.command('redrive'))
    .description('write records that failed back to their topics, each once')
    .option('--to <topic>', 'write to this topic; default: the one that each came from')
    .option(
      '--to-partition <partition>',
      'same: that which it came from; key: by the key; or a number',
      targetPartition,
      'same' as const,
    )
    .option('--limit <count>', 'how many at most', count, 1000)
    .option('--dry-run', 'only say what would be done')
    .action(redrive)
  filtered(dlq.command('drop'))
    .description('give up records that failed, so that nothing waits for them')
    .option('--limit <count>', 'how many at most', count, 1000)
    .option('--dry-run', 'only say what would be done')
    .action(drop)
}

function filtered(command: Command): Command {
  return command
    .option('--config <file>', 'default: millrace.config.{ts,mts,js,mjs} where there is one')
    .option('--brokers <addresses>', 'of Kafka, separated by commas (MILLRACE_BROKERS)')
    .option('--application-id <id>', 'overrides MILLRACE_APPLICATION_ID and the file')
    .option('--dead-letter-topic <topic>', 'overrides MILLRACE_DEAD_LETTER_TOPIC and the file')
    .option('--topic <topic>', 'only what came from this topic')
    .option('--partition <partition>', 'only what came from this partition', count)
    .option('--key <text>', 'only what has this key')
    .option(
      '--offsets <from..to>',
      'only what was read at these offsets, such as 5.. or 5..9',
      span,
    )
    .option('--since <time>', 'only records of this time or later: 2026-11-21T10:00Z', time)
    .option('--until <time>', 'only records of this time or earlier', time)
    .option('--error <name>', 'only failures with this code, class, or class of the cause')
}

async function list(flags: ListFlags): Promise<void> {
  await using queue = await open(flags)
  const letters: ListedDeadLetter[] = []
  let more = false
  for await (const letter of queue.list(filterOf(flags))) {
    if (flags.pending && letter.isRedriven) continue
    more = letters.length >= flags.limit
    if (more) break
    if (flags.format === 'json') console.log(deadLetterJson(letter))
    letters.push(letter)
  }
  if (flags.format === 'table') console.log(deadLetterTable(letters))
  if (more) console.error(`There are more than ${flags.limit}; --limit says how many to show.`)
}

async function redrive(flags: RedriveFlags): Promise<void> {
  await using queue = await open(flags)
  const { to, toPartition, limit, dryRun } = flags
  const onRecord: RedriveOptions['onRecord'] = ({ partition, offset }, outcome) => {
    const letter = `${partition}:${offset}`
    if ('kept' in outcome) console.log(`kept ${letter}: ${outcome.kept}`)
    else if (dryRun)
      console.log(`${letter} would go to ${outcome.to.topic}-${outcome.to.partition}`)
  }
  const { redriven, kept } = await queue.redrive({
    ...filterOf(flags),
    ...(to !== undefined && { to }),
    toPartition,
    limit,
    dryRun: dryRun === true,
    onRecord,
  })
  console.log(`${redriven} ${dryRun ? 'would be redriven' : 'redriven'}, ${kept} kept`)
}

async function drop({ limit, dryRun, ...flags }: DropFlags): Promise<void> {
  await using queue = await open(flags)
  const { dropped } = await queue.drop({
    ...filterOf(flags),
    limit,
    dryRun: dryRun === true,
    onRecord({ partition, offset, origin }) {
      if (dryRun) console.log(`${partition}:${offset} of ${placeOf(origin)} would be dropped`)
    },
  })
  console.log(`${dropped} ${dryRun ? 'would be dropped' : 'dropped'}`)
}

async function open(flags: FilterFlags): Promise<DeadLetterQueue> {
  const { config: file, brokers, applicationId, deadLetterTopic } = flags
  const text = { brokers, applicationId, deadLetterTopic }
  const place = await resolvePlace({ file, flags: text, environment: process.env })
  const { DeadLetterQueue } = await import('../dead-letter-queue.ts')
  return await DeadLetterQueue.open({
    broker: place.broker,
    applicationId: place.applicationId,
    ...(place.deadLetterTopic !== undefined && { topic: place.deadLetterTopic }),
  })
}

function filterOf({ since, until, ...flags }: FilterFlags): DeadLetterFilter {
  const { topic, partition, key, offsets, error } = flags
  return {
    ...(topic !== undefined && { topic }),
    ...(partition !== undefined && { partition }),
    ...(key !== undefined && { key }),
    ...(offsets !== undefined && { offsets }),
    ...(since !== undefined && { sinceMs: since }),
    ...(until !== undefined && { untilMs: until }),
    ...(error !== undefined && { error }),
  }
}

function count(text: string): number {
  if (/^\d+$/.test(text)) return Number(text)
  throw new InvalidArgumentError('expected a whole number')
}

function targetPartition(text: string): 'same' | 'key' | number {
  return text === 'same' || text === 'key' ? text : count(text)
}

function span(text: string): { readonly from?: number; readonly to?: number } {
  const [, from, to] = /^(\d*)\.\.(\d*)$/.exec(text) ?? []
  if (from === undefined || to === undefined) {
    throw new InvalidArgumentError('expected from..to, such as 100..200, 100.. or ..200')
  }
  return { ...(from && { from: Number(from) }), ...(to && { to: Number(to) }) }
}

function time(text: string): number {
  const timeMs = Date.parse(text)
  if (Number.isFinite(timeMs)) return timeMs
  throw new InvalidArgumentError('expected a time such as 2026-11-21T10:00Z')
}
