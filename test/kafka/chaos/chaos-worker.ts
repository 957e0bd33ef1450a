import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { ChaosWorkerConfig, StoreRow, WorkerMessage } from './worker-process.ts'

const script = fileURLToPath(new URL('worker-process.ts', import.meta.url))
const keptOutput = 4_000

/** A place for a worker: a state folder and a way to the broker. What ends there is started again. */
export class ChaosWorker {
  readonly name: string
  readonly #config: ChaosWorkerConfig
  #child: ChildProcess | undefined
  #running = false
  /** Whether a fault has ended the process, so that its end is no surprise. */
  #ended = false
  #again: NodeJS.Timeout | undefined
  #output = ''
  /** The last output of processes that ended though nothing ended them. */
  readonly surprises: string[] = []

  /** Where all that the processes write is kept; undefined where only the last of it is. */
  readonly #log: string | undefined

  constructor(name: string, config: ChaosWorkerConfig, log?: string) {
    this.name = name
    this.#config = config
    this.#log = log
  }

  get isRunning(): boolean {
    return this.#running
  }

  get isStarted(): boolean {
    return this.#child !== undefined
  }

  /** Starts a process; one that ends at its start, as where the broker is away, is started again. */
  start(): void {
    const { NODE_OPTIONS: _, ...env } = process.env
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', script, JSON.stringify(this.#config)],
      { env, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] },
    )
    this.#child = child
    this.#ended = false
    this.#output = ''
    const keep = (bytes: Buffer): void => {
      this.#output = (this.#output + bytes.toString()).slice(-keptOutput)
      if (this.#log !== undefined) appendFileSync(this.#log, bytes)
    }
    child.stdout!.on('data', keep)
    child.stderr!.on('data', keep)
    child.on('message', (message: WorkerMessage) => {
      if (message.type === 'running') this.#running = true
    })
    child.on('error', () => undefined)
    child.once('exit', (code, signal) => {
      if (this.#child !== child) return
      const wasRunning = this.#running
      this.#running = false
      this.#child = undefined
      if (this.#ended) return
      // As whoever supervises processes does, so that they do not take the machine while the broker is away.
      this.#again = setTimeout(() => this.start(), 500)
      if (wasRunning)
        this.surprises.push(`${this.name} ended with ${code ?? signal}: ${this.#output}`)
    })
  }

  /** The last that the process has written. */
  get output(): string {
    return this.#output
  }

  /** For messages: whether it runs, and what it said last. */
  get state(): string {
    const doing = this.#running ? 'runs' : this.#child === undefined ? 'is not there' : 'starts'
    return `${this.name} ${doing}; its last output: ${this.#output}`
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child?.kill(signal)
  }

  /** Ends the process with a signal, and resolves when it is gone. */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    clearTimeout(this.#again)
    const child = this.#child
    if (child === undefined) return
    this.#ended = true
    child.kill(signal)
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  }

  /** What its stores hold; undefined where they cannot be read now. */
  async rows(): Promise<readonly StoreRow[] | undefined> {
    const child = this.#child
    if (child === undefined || !this.#running) return undefined
    const ended = new AbortController()
    const abort = (): void => ended.abort()
    child.once('exit', abort)
    child.send('rows')
    for (;;) {
      const said = await once(child, 'message', { signal: ended.signal }).catch(() => undefined)
      const message = said?.[0] as WorkerMessage | undefined
      if (message?.type === 'running') continue
      child.off('exit', abort)
      return message?.rows
    }
  }
}

/**
 * What the stores of all workers hold, once all can be read and nothing changes any more: what a commit brings can be read
 * a moment after the broker has it.
 */
export async function rowsOf(workers: readonly ChaosWorker[]): Promise<readonly StoreRow[]> {
  let before = ''
  for (;;) {
    const all = await Promise.all(workers.map((worker) => worker.rows()))
    const now = all.every((rows) => rows !== undefined) ? JSON.stringify(all) : ''
    if (now !== '' && now === before) return all.flatMap((rows) => rows ?? [])
    before = now
    await sleep(300)
  }
}
