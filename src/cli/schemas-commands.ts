import type { Command } from 'commander'
import { ConfigError } from '../core/errors.ts'
import { exitCodes } from './exit-code.ts'

interface FolderOptions {
  readonly folder: string
  readonly registry?: string
}

/** Adds `schemas check|register|generate`. */
export function addSchemasCommands(program: Command): void {
  const schemas = program.command('schemas').description('Avro schemas: a folder of .avsc files')
  schemas
    .command('check')
    .description('fail where a schema may not follow those registered, or those of another folder')
    .option('--folder <folder>', 'the folder of .avsc files', 'schemas')
    .option('--registry <url>', 'hold them against the versions registered there')
    .option('--previous <folder>', 'hold them against earlier files, such as the last release')
    .action(check)
  schemas
    .command('register')
    .description('register the schemas: all of them, or none where one is refused')
    .option('--folder <folder>', 'the folder of .avsc files', 'schemas')
    .requiredOption('--registry <url>', 'the schema registry')
    .action(register)
  schemas
    .command('generate')
    .description('write TypeScript types and constants')
    .option('--folder <folder>', 'the folder of .avsc files', 'schemas')
    .option('--out <file>', 'the file to write', 'generated/schemas.ts')
    .option('--long <form>', 'what a long is: number or bigint', 'number')
    .option('--check', 'write nothing; fail where the file is not up to date')
    .action(generate)
}

async function check(options: FolderOptions & { readonly previous?: string }): Promise<void> {
  const { folder, registry, previous } = options
  const { checkSchemas, schemaRegistry } = await import('../serdes/avro/index.ts')
  const client = registry === undefined ? undefined : schemaRegistry({ url: registry })
  try {
    const report = await checkSchemas({
      folder,
      ...(client && { registry: client }),
      ...(previous !== undefined && { previousFolder: previous }),
    })
    for (const { name, against, state, reasons } of report.schemas) {
      console.log(`${state.padEnd(12)} ${name}, against ${against}`)
      for (const reason of reasons) console.log(`             ${reason}`)
    }
    if (report.schemas.length === 0) {
      console.log('valid; name --registry or --previous to hold them against earlier versions')
    }
    if (!report.ok) process.exitCode = exitCodes.failed
  } finally {
    await client?.close()
  }
}

async function register({ folder, registry }: FolderOptions): Promise<void> {
  const { registerSchemas, schemaRegistry } = await import('../serdes/avro/index.ts')
  await using client = schemaRegistry({ url: registry! })
  const report = await registerSchemas({ folder, registry: client })
  for (const { subject, name, state, id, reasons } of report.schemas) {
    console.log(
      `${state.padEnd(12)} ${name} under ${subject}${id === undefined ? '' : `, id ${id}`}`,
    )
    for (const reason of reasons) console.log(`             ${reason}`)
  }
  if (!report.ok) process.exitCode = exitCodes.failed
}

async function generate(options: {
  readonly folder: string
  readonly out: string
  readonly long: string
  readonly check?: true
}): Promise<void> {
  const { folder, out, long } = options
  if (long !== 'number' && long !== 'bigint') {
    throw new ConfigError(`--long is ${long}; expected number or bigint`)
  }
  const { generateSchemas } = await import('../serdes/avro/index.ts')
  const report = generateSchemas({ folder, out, long, check: options.check === true })
  if (report.written) console.log(`wrote ${report.file}: ${report.types.join(', ')}`)
  else if (report.upToDate) console.log(`${report.file} is up to date`)
  else {
    console.log(`${report.file} is not what ${folder} gives; run millrace schemas generate`)
    process.exitCode = exitCodes.failed
  }
}
