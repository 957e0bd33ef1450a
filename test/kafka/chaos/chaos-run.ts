import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { long } from 'millrace/serdes'
import type { Broker, Producer } from '../../../src/broker/port.ts'
import { partitionForKey } from '../../../src/core/murmur2.ts'
import { openBroker } from '../kafka-client.ts'
import { ChaosKafka } from './chaos-kafka.ts'
import { ChaosWorker, rowsOf } from './chaos-worker.ts'
import { counts, echoes, maxima, minima, numbers, partitions, sums } from './topology.ts'
import { verify, type Verdict } from './verify.ts'

export interface ChaosOptions {
  /** Chooses the faults and their times; what they meet is the machine's to decide. */
  readonly seed: number
  readonly faults: number
  readonly workers?: number
  readonly recordsPerSecond?: number
  /** Copies of each task's state that other workers keep. Default 0. */
  readonly standbys?: number
  /** Whether the workers are static members of their group. Default: no. */
  readonly staticMembers?: boolean
  /** A folder for all that the workers write; Kafka's data stay too where anything is wrong. Default: nothing is kept. */
  readonly logs?: string
  /** Default: the newest that keeps its promises; see chaos-kafka.ts. */
  readonly kafkaVersion?: string
  readonly log?: (line: string) => void
}

/** What can happen to a worker or the broker. */
export type FaultKind =
  'kill' | 'stop' | 'freeze briefly' | 'freeze' | 'cut' | 'stall' | 'restart broker' | 'kill broker'

export interface ChaosReport extends Verdict {
  readonly faults: Readonly<Partial<Record<FaultKind, number>>>
  readonly seconds: number
  /** Processes that ended though nothing had ended them. */
  readonly surprises: readonly string[]
  /** Whether a transaction was left open on an output. */
  readonly openTransactions: number
}

const applicationId = 'chaos'
const keys = 40
const settleTimeoutMs = 60_000

/** The likelihood of each fault; restarts of the broker hold everything up and are rarer. */
const weights: readonly [FaultKind, number][] = [
  ['kill', 6],
  ['stop', 2],
  ['freeze briefly', 2],
  ['freeze', 3],
  ['cut', 4],
  ['stall', 3],
  ['restart broker', 1],
  ['kill broker', 1],
]

/** Runs workers on a real Kafka while faults befall them, then compares what they wrote with what they read. */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-chaos-'))
  const kafka = await ChaosKafka.open(options.workers ?? 3, options.kafkaVersion)
  try {
    return await new ChaosRun(options, kafka, folder).run()
  } finally {
    await kafka.close()
    await rm(folder, { recursive: true, force: true })
  }
}

class ChaosRun {
  readonly #options: ChaosOptions
  readonly #kafka: ChaosKafka
  readonly #workers: readonly ChaosWorker[]
  readonly #random: () => number
  readonly #faults: Partial<Record<FaultKind, number>> = {}
  /** Workers that a fault has in hand. */
  readonly #busy = new Set<number>()
  #brokerBusy = false
  readonly #underWay = new Set<Promise<void>>()
  #producing = true

  constructor(options: ChaosOptions, kafka: ChaosKafka, folder: string) {
    this.#options = options
    this.#kafka = kafka
    this.#random = seeded(options.seed)
    this.#workers = kafka.proxies.map(
      ({ port }, i) =>
        new ChaosWorker(
          `worker ${i}`,
          {
            applicationId,
            bootstrap: `127.0.0.1:${port}`,
            stateDir: join(folder, `worker-${i}`),
            numStandbyReplicas: options.standbys ?? 0,
            groupInstanceId: options.staticMembers ? `worker-${i}` : undefined,
          },
          options.logs && join(options.logs, `worker-${i}.log`),
        ),
    )
  }

  async run(): Promise<ChaosReport> {
    const startedMs = performance.now()
    await using broker = openBroker(this.#kafka.bootstrap)
    const topics = [numbers, echoes, minima, sums, maxima, counts]
    await broker.createTopics(topics.map(({ name }) => ({ name, partitions })))
    const producer = await broker.openProducer({})
    try {
      for (const worker of this.#workers) worker.start()
      await until(
        () => this.#workers.every((worker) => worker.isRunning),
        60_000,
        'the workers to run',
      )
      const producing = this.#produce(producer)
      await this.#causeFaults()
      await Promise.all(this.#underWay)
      this.#producing = false
      await producing
      this.#log('the faults are over')
      await until(
        () => this.#workers.every((worker) => worker.isRunning),
        settleTimeoutMs,
        'the workers to run again',
      )
      await until(() => this.#isDone(broker), settleTimeoutMs, 'everything to be processed')
      this.#log('everything is processed')
      const rows = await rowsOf(this.#workers)
      await Promise.all(this.#workers.map((worker) => worker.end('SIGTERM')))
      const openTransactions = await this.#openTransactions(broker)
      const verdict = await verify(broker, rows)
      const { missing, surplus, wrong, wrongRows } = verdict
      const isFaultless = missing + surplus + wrong + wrongRows + openTransactions === 0
      if (this.#options.logs !== undefined && !isFaultless) this.#log(this.#kafka.keepData())
      return {
        ...verdict,
        faults: this.#faults,
        seconds: (performance.now() - startedMs) / 1000,
        surprises: this.#workers.flatMap((worker) => worker.surprises),
        openTransactions,
      }
    } catch (error) {
      const states = this.#workers.map((worker) => worker.state).join('\n')
      throw new Error(`${(error as Error).message}\n${states}`, { cause: error })
    } finally {
      this.#producing = false
      await Promise.all(this.#workers.map((worker) => worker.end('SIGKILL')))
      await producer.close().catch(() => undefined)
    }
  }

  async #produce(producer: Producer): Promise<void> {
    await producer.prepare([numbers.name])
    const perTurn = Math.ceil((this.#options.recordsPerSecond ?? 1_000) / 50)
    const random = seeded(this.#options.seed + 1)
    while (this.#producing) {
      for (let i = 0; i < perTurn; i++) {
        const key = Buffer.from(`key-${Math.floor(random() * keys)}`)
        const value = long().serialize(BigInt(Math.floor(random() * 100_000)), {
          topic: numbers.name,
          part: 'value',
        })
        producer.send(numbers.name, partitionForKey(key, partitions), Date.now(), key, value)
      }
      await producer.ready()
      await sleep(20)
    }
    await producer.flush()
  }

  async #causeFaults(): Promise<void> {
    for (let caused = 0; caused < this.#options.faults;) {
      await sleep(200 + this.#random() * 1_000)
      const kind = this.#choose()
      const fault = this.#fault(kind)
      if (fault === undefined) continue
      caused++
      this.#faults[kind] = (this.#faults[kind] ?? 0) + 1
      const under = fault.finally(() => this.#underWay.delete(under))
      this.#underWay.add(under)
    }
  }

  #choose(): FaultKind {
    const total = weights.reduce((sum, [, weight]) => sum + weight, 0)
    let at = this.#random() * total
    for (const [kind, weight] of weights) {
      at -= weight
      if (at < 0) return kind
    }
    return 'kill'
  }

  /** Begins a fault; undefined where what it would befall is in the hands of another one. */
  #fault(kind: FaultKind): Promise<void> | undefined {
    if (kind === 'restart broker' || kind === 'kill broker') {
      if (this.#brokerBusy) return undefined
      this.#log(kind)
      return this.#restartBroker(kind === 'kill broker' ? 'SIGKILL' : 'SIGTERM')
    }
    const at = Math.floor(this.#random() * this.#workers.length)
    if (this.#busy.has(at) || !this.#workers[at]!.isRunning) return undefined
    this.#busy.add(at)
    this.#log(`${kind} ${this.#workers[at]!.name}`)
    return this.#befall(kind, at).finally(() => this.#busy.delete(at))
  }

  async #befall(kind: FaultKind, at: number): Promise<void> {
    const [worker, proxy] = [this.#workers[at]!, this.#kafka.proxies[at]!]
    const between = (least: number, most: number): Promise<void> =>
      sleep(least + this.#random() * (most - least))
    switch (kind) {
      case 'kill':
      case 'stop':
        await worker.end(kind === 'kill' ? 'SIGKILL' : 'SIGTERM')
        await between(0, 3_000)
        worker.start()
        return
      case 'freeze briefly':
      case 'freeze':
        worker.signal('SIGSTOP')
        // The session ends after 2 s, and with it the worker's claim to its tasks.
        await (kind === 'freeze' ? between(2_500, 5_000) : between(100, 1_500))
        worker.signal('SIGCONT')
        return
      case 'cut':
        proxy.cut()
        await between(0, 4_000)
        proxy.mend()
        return
      default:
        proxy.stall()
        await between(200, 5_000)
        proxy.mend()
    }
  }

  async #restartBroker(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    this.#brokerBusy = true
    try {
      await this.#kafka.restart(signal)
    } finally {
      this.#brokerBusy = false
    }
  }

  /** Whether all that was read and repartitioned is committed as processed. */
  async #isDone(broker: Broker): Promise<boolean> {
    const places = [numbers.name, `${applicationId}-again-repartition`].flatMap((topic) =>
      Array.from({ length: partitions }, (_, partition) => ({ topic, partition })),
    )
    const ends = await broker.listOffsets(places, 'latest', 'read_uncommitted')
    const committed = await broker.committedOffsets(applicationId, places, { timeoutMs: 10_000 })
    return ends.every(
      (end) =>
        end.offset === 0 ||
        committed.some(
          ({ topic, partition, offset }) =>
            topic === end.topic && partition === end.partition && offset >= end.offset,
        ),
    )
  }

  async #openTransactions(broker: Broker): Promise<number> {
    const places = [echoes, minima, sums, maxima, counts].flatMap(({ name }) =>
      Array.from({ length: partitions }, (_, partition) => ({ topic: name, partition })),
    )
    const stable = await broker.listOffsets(places, 'latest', 'read_committed')
    const ends = await broker.listOffsets(places, 'latest', 'read_uncommitted')
    const endOf = (place: { topic: string; partition: number }): number =>
      ends.find((end) => end.topic === place.topic && end.partition === place.partition)!.offset
    return stable.filter((place) => place.offset < endOf(place)).length
  }

  #log(line: string): void {
    this.#options.log?.(line)
  }
}

async function until(
  condition: () => boolean | Promise<boolean>,
  timeoutMs: number,
  what: string,
): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs
  for (;;) {
    // A condition that does not answer is not fulfilled either.
    const leftMs = deadlineMs - performance.now()
    const late = sleep(leftMs, undefined, { ref: false }).then(() => undefined)
    const fulfilled = await Promise.race([condition(), late])
    if (fulfilled === true) return
    if (fulfilled === undefined) throw new Error(`Waited ${timeoutMs} ms in vain for ${what}`)
    await sleep(100)
  }
}

/** Numbers in [0, 1) that a seed determines: mulberry32. */
function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
