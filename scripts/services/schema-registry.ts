import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePorts } from './free-port.ts'
import { resolveMaven } from './maven.ts'
import { startServiceProcess, type ServiceProcess } from './service-process.ts'

const run = promisify(execFile)

/** The schema registry that the project is tested against: Apicurio, which speaks Confluent's protocol. */
export const schemaRegistryVersion = '2.6.13.Final'

const runner = `apicurio-registry-app-${schemaRegistryVersion}-runner.jar`

/** How to start the schema registry; everything has a default. */
export interface SchemaRegistryServiceOptions {
  /** The port that it listens on. Default: a free one. */
  readonly port?: number
  /** Most heap that Java may use, in MiB. Default 256. */
  readonly heapMb?: number
  /** How long it may take to answer. Default 60 s. */
  readonly timeoutMs?: number
}

/** A running schema registry that keeps its schemas in memory. */
export interface RunningSchemaRegistry {
  /** The address of its Confluent API. */
  readonly url: string
  readonly port: number
  readonly pid: number
  stop(): Promise<void>
}

/** The folder with the registry's jars, fetched through Maven and unpacked at the first call. */
export async function schemaRegistryFolder(): Promise<string> {
  const archive = await resolveMaven({
    name: `apicurio-${schemaRegistryVersion}`,
    artifacts: [
      {
        groupId: 'io.apicurio',
        artifactId: 'apicurio-registry-app',
        version: schemaRegistryVersion,
        type: 'tar.gz',
        classifier: 'all',
      },
    ],
    transitive: false,
  })
  const target = `${archive}-unpacked`
  if (existsSync(join(target, runner))) return target
  // Unpacked aside and renamed, so that several processes can do it at once and none sees half of it.
  const aside = `${target}.${process.pid}.${randomUUID().slice(0, 8)}`
  try {
    await mkdir(aside, { recursive: true })
    const file = (await readdir(archive)).find((name) => name.endsWith('.tar.gz'))
    await run('tar', ['-xzf', join(archive, file!), '-C', aside])
    await rename(aside, target)
  } catch (error) {
    if (!existsSync(join(target, runner))) throw error
  } finally {
    await rm(aside, { recursive: true, force: true })
  }
  return target
}

/** Starts a real schema registry and resolves when it answers. It ends with this process at the latest. */
export async function startSchemaRegistry(
  options: SchemaRegistryServiceOptions = {},
): Promise<RunningSchemaRegistry> {
  const folder = await schemaRegistryFolder()
  const port = options.port ?? (await freePorts(1))[0]!
  const cwd = await mkdtemp(join(tmpdir(), 'millrace-schema-registry-'))
  const service = startServiceProcess({
    name: 'Schema registry',
    command: 'java',
    args: [
      `-Xmx${options.heapMb ?? 256}m`,
      '-XX:+UseSerialGC',
      '-XX:TieredStopAtLevel=1',
      '-Dquarkus.http.host=127.0.0.1',
      `-Dquarkus.http.port=${port}`,
      '-jar',
      join(folder, runner),
    ],
    cwd,
    removeOnDeath: cwd,
  })
  const url = `http://127.0.0.1:${port}/apis/ccompat/v7`
  const stop = async (): Promise<void> => {
    await service.stop()
    await rm(cwd, { recursive: true, force: true })
  }
  try {
    await untilItAnswers(service, url, options.timeoutMs ?? 60_000)
  } catch (error) {
    await stop()
    throw error
  }
  return { url, port, pid: service.pid, stop }
}

async function untilItAnswers(
  service: ServiceProcess,
  url: string,
  timeoutMs: number,
): Promise<void> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    if (service.hasExited()) {
      throw new Error(`The schema registry ended at start-up: ${service.lastOutput()}`)
    }
    const answer = await fetch(`${url}/subjects`, { signal: AbortSignal.timeout(5000) }).catch(
      () => undefined,
    )
    if (answer?.ok) return
    if (performance.now() > deadline) {
      throw new Error(
        `The schema registry did not answer within ${timeoutMs} ms: ${service.lastOutput()}`,
      )
    }
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}
