import { execFileSync, spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { CaseResult, CaseSpec } from './spec.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))

/** Kafka Streams in a process of its own, which runs random cases. */
export class JavaOracle implements AsyncDisposable {
  readonly #process: ChildProcessWithoutNullStreams
  readonly #waiting: { resolve(line: string): void; reject(error: Error): void }[] = []
  #said = ''

  constructor() {
    const options = execFileSync('bash', ['scripts/oracle.sh', '--options'], {
      cwd: root,
      encoding: 'utf8',
    })
    this.#process = spawn('java', [...options.trim().split('\n'), 'oracle.RandomRun'])
    this.#process.stderr.on('data', (data: Buffer) => {
      this.#said = (this.#said + data.toString()).slice(-4000)
    })
    createInterface({ input: this.#process.stdout }).on('line', (line) => {
      this.#waiting.shift()?.resolve(line)
    })
    this.#process.on('exit', () => {
      const error = new Error(`Kafka Streams has ended: ${this.#said}`)
      for (const { reject } of this.#waiting.splice(0)) reject(error)
    })
  }

  /** Cases may be asked for before the answer to the ones before; they are answered in turn. */
  async run(spec: CaseSpec): Promise<CaseResult> {
    const line = await new Promise<string>((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      this.#process.stdin.write(`${JSON.stringify(spec)}\n`)
    })
    return JSON.parse(line) as CaseResult
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once('exit', resolve))
    this.#process.stdin.end()
    await ended
  }
}
