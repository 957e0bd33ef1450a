import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const worker = fileURLToPath(new URL('./worker.ts', import.meta.url))

/** What a worker process needs to know. */
export interface WorkerProcessOptions {
  readonly brokers: string
  readonly schemaRegistryUrl: string
  /** Its own: two workers cannot share one. */
  readonly stateDir: string
  /** Where its warnings go; default: this process's standard error. */
  readonly onWarning?: (line: string) => void
}

/** A worker process that is running. */
export interface WorkerProcess {
  /** Base address of its HTTP face. */
  readonly url: string
  /** Sends SIGTERM, upon which it commits and leaves; resolves to its exit code. */
  stop(): Promise<number | null>
  /** Ends it without warning. */
  kill(): Promise<void>
}

/** Starts a worker process, and resolves when its applications run. */
export async function startWorkerProcess(options: WorkerProcessOptions): Promise<WorkerProcess> {
  const child = spawn(process.execPath, ['--import', 'tsx', worker], {
    env: {
      ...process.env,
      KAFKA_BROKERS: options.brokers,
      SCHEMA_REGISTRY_URL: options.schemaRegistryUrl,
      STATE_DIR: options.stateDir,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const warnings: string[] = []
  createInterface({ input: child.stderr }).on('line', (line) => {
    warnings.push(line)
    if (options.onWarning) options.onWarning(line)
    else process.stderr.write(`${line}\n`)
  })
  const exited = once(child, 'exit') as Promise<[number | null]>
  const lines = createInterface({ input: child.stdout })
  const first = await Promise.race([once(lines, 'line') as Promise<[string]>, exited])
  if (typeof first[0] !== 'string') {
    throw new Error(`The worker ended with ${String(first[0])}: ${warnings.slice(-5).join('\n')}`)
  }
  const { httpUrl } = JSON.parse(first[0]) as { httpUrl: string }
  return {
    url: httpUrl,
    stop: async () => {
      child.kill('SIGTERM')
      return (await exited)[0]
    },
    kill: async () => {
      child.kill('SIGKILL')
      await exited
    },
  }
}
