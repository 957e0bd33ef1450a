// Job A (count and sum by key in RocksDB with a changelog, each update written out) on Millrace and on the Kafka Streams
// peer, interleaved, against one Kafka that is started for it.
//
//   npx tsx benchmarks/job-a/run.ts [--records 1000000] [--runs 3] [--mode alo] [--peers ../shared/peers]
//
// Needs Java 17 and Maven. Prints each run, then medians, the ratio, and peak memory.
import { spawn, execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { startKafka } from '../../scripts/services/kafka.ts'

const { values: options } = parseArgs({
  options: {
    records: { type: 'string', default: '1000000' },
    runs: { type: 'string', default: '3' },
    mode: { type: 'string', default: 'alo' },
    peers: { type: 'string', default: '../shared/peers' },
  },
})
const here = dirname(fileURLToPath(import.meta.url))
const peers = resolve(options.peers)
const work = mkdtempSync(join(tmpdir(), 'millrace-benchmark-'))

interface Run {
  readonly rate: number
  readonly peakMb: number
}

interface Contender {
  readonly name: string
  readonly output: string
  readonly command: readonly string[]
  readonly env: Readonly<globalThis.Record<string, string>>
  readonly runs: Run[]
}

const millrace = ['node', '--import', 'tsx', join(here, 'millrace-peer.ts')]
const contenders: Contender[] = [
  {
    name: 'kafka streams, every update',
    output: 'bench-out-kstreams',
    command: [join(peers, 'kstreams/run.sh')],
    env: { CACHE: '0', KEEP_OUTPUT: '1' },
    runs: [],
  },
  {
    name: 'millrace',
    output: 'bench-out-millrace',
    command: millrace,
    env: {},
    runs: [],
  },
  {
    name: 'millrace, every update in the changelog',
    output: 'bench-out-millrace-every',
    command: millrace,
    env: { EVERY_UPDATE: '1' },
    runs: [],
  },
]

const kafka = await startKafka({ heapMb: 1024 })
const common = {
  ...process.env,
  BOOTSTRAP: kafka.bootstrap,
  N: options.records,
  MODE: options.mode,
  JOB: 'A',
  PARTITIONS: '1',
  PEERS_OUT: process.env['PEERS_OUT'] ?? join(work, 'peers'),
}
const peerTool = (...command: string[]): string =>
  execFileSync(command[0]!, command.slice(1), {
    env: common,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })

try {
  if (process.env['PEERS_OUT'] === undefined) {
    console.log('building the Kafka Streams peer')
    peerTool(join(peers, 'build.sh'), 'kstreams')
  }
  console.log(peerTool(join(peers, 'loader/run.sh')).trim())
  for (let round = 1; round <= Number(options.runs); round++) {
    for (const contender of contenders) {
      peerTool(join(peers, 'lib/topics.sh'), 'recreate', `${contender.output}=1`)
      const run = await timeRun(contender)
      contender.runs.push(run)
      const check = peerTool(join(peers, 'lib/verify.sh'), contender.output)
        .trim()
        .split('\n')
        .at(-1)
      console.log(
        `${round} ${contender.name}: ${run.rate} records/s, peak ${run.peakMb} MB; ${check}`,
      )
    }
  }
  report()
} finally {
  await kafka.stop()
  rmSync(work, { recursive: true, force: true })
}

/** Runs a contender in a process of its own, and watches how much memory that takes at most. */
async function timeRun({ command, env, output }: Contender): Promise<Run> {
  const child = spawn(command[0]!, command.slice(1), {
    env: { ...common, ...env, OUTPUT: output, STATE_DIR: join(work, 'state') },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let printed = ''
  child.stdout.on('data', (bytes: Buffer) => (printed += bytes.toString()))
  let peakMb = 0
  const watch = setInterval(() => (peakMb = Math.max(peakMb, peakOf(child.pid!))), 100)
  const code = await new Promise<number | null>((done) => child.once('close', done))
  clearInterval(watch)
  const rate = /\brate=(\d+)/.exec(printed)?.[1]
  if (code !== 0 || rate === undefined)
    throw new Error(`${command.join(' ')} ended with ${code}: ${printed}`)
  return { rate: Number(rate), peakMb }
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

function report(): void {
  const median = (numbers: readonly number[]): number =>
    [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)]!
  const peer = median(contenders[0]!.runs.map((run) => run.rate))
  console.log(
    `\njob A, ${options.mode}, ${options.records} records, one partition, median of ${options.runs}`,
  )
  for (const { name, runs } of contenders) {
    const rate = median(runs.map((run) => run.rate))
    const peak = Math.max(...runs.map((run) => run.peakMb))
    console.log(
      `  ${name.padEnd(40)} ${String(rate).padStart(8)} records/s  ${(rate / peer).toFixed(2)}×  peak ${peak} MB`,
    )
  }
}
