import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePorts } from '../../../scripts/services/free-port.ts'
import {
  startKafka,
  type KafkaOptions,
  type RunningKafka,
} from '../../../scripts/services/kafka.ts'
import { TcpProxy } from './tcp-proxy.ts'

/**
 * Not the newest: Kafka 4.3.0 and 4.3.1 never write the end of a transaction to those of its partitions that have no
 * leader then (KAFKA-20734), as happens when the only broker comes back after a kill -9. For the coordinator such a
 * transaction is committed; in its partitions it stays open, until a later one of the same producer ends it in its own way.
 */
const chaosKafkaVersion = '4.2.0'

/** A Kafka that can be restarted, with a way of its own, which can be cut, to each of several workers. */
export class ChaosKafka {
  readonly proxies: readonly TcpProxy[]
  /** The same at each start. */
  readonly #options: KafkaOptions & { readonly folder: string }
  #running: RunningKafka
  #keepsData = false

  private constructor(
    proxies: readonly TcpProxy[],
    options: KafkaOptions & { readonly folder: string },
    running: RunningKafka,
  ) {
    this.proxies = proxies
    this.#options = options
    this.#running = running
  }

  static async open(workers: number, version = chaosKafkaVersion): Promise<ChaosKafka> {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-chaos-kafka-'))
    const [port, controllerPort, ...workerPorts] = await freePorts(2 + workers)
    const proxies = await Promise.all(workerPorts.map(() => TcpProxy.open()))
    proxies.forEach((proxy, i) => proxy.leadTo(workerPorts[i]!))
    const own = `CLIENTS://127.0.0.1:${port}`
    const ways = (ports: readonly number[]): string[] =>
      ports.map((each, i) => `WORKER${i}://127.0.0.1:${each}`)
    const config = {
      listeners: [own, ...ways(workerPorts), `CONTROLLER://127.0.0.1:${controllerPort}`].join(','),
      'advertised.listeners': [own, ...ways(proxies.map((proxy) => proxy.port))].join(','),
      'listener.security.protocol.map': [
        'CLIENTS',
        'CONTROLLER',
        ...workerPorts.map((_, i) => `WORKER${i}`),
      ]
        .map((name) => `${name}:PLAINTEXT`)
        .join(','),
    }
    const options = { folder, port: port!, controllerPort: controllerPort!, config, version }
    return new ChaosKafka(proxies, options, await startKafka(options))
  }

  /** For who must not be disturbed by cuts. */
  get bootstrap(): string {
    return this.#running.bootstrap
  }

  async restart(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    await this.#running.stop({ keepData: true, signal })
    this.#running = await startKafka(this.#options)
  }

  /** Has the data stay after the end, to be looked at; says where. */
  keepData(): string {
    this.#keepsData = true
    return `Kafka's data stay in ${this.#options.folder}`
  }

  async close(): Promise<void> {
    await Promise.all(this.proxies.map((proxy) => proxy.close()))
    await this.#running.stop({ signal: this.#keepsData ? 'SIGTERM' : 'SIGKILL' })
    if (!this.#keepsData) await rm(this.#options.folder, { recursive: true, force: true })
  }
}
