// What the comparisons with the Kafka Streams peer share: one Kafka, the peer's build and tools, and runs in processes of
// their own whose memory is watched.
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { startKafka, type RunningKafka } from '../../scripts/services/kafka.ts'
import { builtPeer } from './built-peer.ts'

/** Environment variables over those of this process. */
export type Env = Readonly<globalThis.Record<string, string>>

/** What one run printed, and the memory it took. */
export interface Run {
  readonly facts: Readonly<globalThis.Record<string, string>>
  /** The most memory that the process had, in MB. */
  readonly peakMb: number
}

/** A process that takes part in a comparison. */
export interface Contender {
  readonly command: readonly string[]
  readonly env: Env
}

/** Kafka, the peers' tools, and a folder for what the runs leave behind. */
export class Bench implements AsyncDisposable {
  readonly bootstrap: string
  readonly #peers: string
  readonly #work: string
  readonly #env: NodeJS.ProcessEnv
  readonly #millrace: string
  readonly #stop: () => Promise<void>

  private constructor(
    peers: string,
    millrace: string,
    work: string,
    { bootstrap, stop }: RunningKafka,
  ) {
    this.#peers = peers
    this.#millrace = millrace
    this.#work = work
    this.#stop = stop
    this.bootstrap = bootstrap
    const built = process.env['PEERS_OUT'] ?? join(work, 'peers')
    this.#env = { ...process.env, BOOTSTRAP: bootstrap, PARTITIONS: '1', PEERS_OUT: built }
  }

  /** Starts Kafka, and builds the peer unless `PEERS_OUT` names where that was done. */
  static async open(peers: string): Promise<Bench> {
    const millrace = builtPeer()
    const work = mkdtempSync(join(tmpdir(), 'millrace-benchmark-'))
    const kafka = await startKafka({ heapMb: 1024 })
    const bench = new Bench(resolve(peers), millrace, work, kafka)
    try {
      if (process.env['PEERS_OUT'] === undefined) {
        console.log('building the Kafka Streams peer')
        bench.tool({}, 'build.sh', 'kstreams')
      }
      return bench
    } catch (error) {
      await bench[Symbol.asyncDispose]()
      throw error
    }
  }

  /** Runs one of the peers' scripts; gives what it printed. */
  tool(env: Env, script: string, ...options: readonly string[]): string {
    return execFileSync(join(this.#peers, script), options, {
      env: { ...this.#env, ...env },
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
  }

  /** Job A, B or C on Kafka Streams; every update is sent on, as Millrace does. */
  kafkaStreams(env: Env): Contender {
    const command = [join(this.#peers, 'kstreams/run.sh')]
    return { command, env: { CACHE: '0', KEEP_OUTPUT: '1', ...env } }
  }

  /** The same on Millrace. */
  millrace(env: Env): Contender {
    return { command: ['node', this.#millrace], env }
  }

  /** Runs a contender in a process of its own, and watches how much memory that takes at most. */
  async run({ command, env }: Contender): Promise<Run> {
    const child = spawn(command[0]!, command.slice(1), {
      env: { ...this.#env, STATE_DIR: join(this.#work, 'state'), ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let printed = ''
    child.stdout.on('data', (bytes: Buffer) => (printed += bytes.toString()))
    let peakMb = 0
    const watch = setInterval(() => (peakMb = Math.max(peakMb, peakOf(child.pid!))), 50)
    const code = await new Promise<number | null>((done) => child.once('close', done))
    clearInterval(watch)
    const line = printed.split('\n').find((each) => each.startsWith('peer='))
    if (code !== 0 || line === undefined) {
      throw new Error(`${command.join(' ')} ended with ${code}: ${printed}`)
    }
    const facts = Object.fromEntries(line.split(' ').map((fact) => fact.split('=', 2)))
    return { facts, peakMb }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop()
    rmSync(this.#work, { recursive: true, force: true })
  }
}

/** The middle one; of an even number the higher of the two. */
export function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)]!
}

/** The most memory that a process has had, in MB; 0 where the system does not say. */
function peakOf(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    return Math.round((Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024) / 1e6)
  } catch {
    return 0
  }
}
