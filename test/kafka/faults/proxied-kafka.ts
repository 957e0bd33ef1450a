import { freePorts } from '../../../scripts/services/free-port.ts'
import { startKafka, type KafkaOptions } from '../../../scripts/services/kafka.ts'
import { ProtocolProxy } from './protocol-proxy.ts'

/** A Kafka of one's own that clients reach through a proxy only. */
export interface ProxiedKafka {
  readonly address: string
  readonly proxy: ProtocolProxy
  stop(): Promise<void>
}

export async function startProxiedKafka(
  options: Pick<KafkaOptions, 'features'> = {},
): Promise<ProxiedKafka> {
  const [port, proxyPort] = await freePorts(2)
  const address = `127.0.0.1:${proxyPort}`
  const config = { 'advertised.listeners': `CLIENTS://${address}` }
  const kafka = await startKafka({ ...options, port: port!, config })
  const proxy = await ProtocolProxy.start(proxyPort!, port!)
  const stop = async (): Promise<void> => {
    await proxy[Symbol.asyncDispose]()
    await kafka.stop({ signal: 'SIGKILL' })
  }
  return { address, proxy, stop }
}
