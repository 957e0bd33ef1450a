import {
  KafkaStreams,
  type KafkaStreamsConfig,
  type KafkaStreamsSettings,
  type Logger,
  type Topology,
} from 'millrace'
import customer360 from './topologies/customer-360.ts'
import inventory from './topologies/inventory.ts'
import loyaltyPoints from './topologies/loyalty.ts'
import marketing from './topologies/marketing.ts'

/** The applications that build on purchases; each is its own consumer group and knows nothing of the others. */
export const topologies: Readonly<Record<string, Topology>> = {
  'customer-360': customer360,
  loyalty: loyaltyPoints,
  inventory,
  marketing,
}

/** What a worker of all four applications is made of. */
export interface ApplicationsOptions {
  readonly broker: KafkaStreamsConfig['broker']
  readonly schemaRegistry: NonNullable<KafkaStreamsConfig['schemaRegistry']>
  readonly processingGuarantee: 'exactly_once' | 'at_least_once'
  /** Where the Customer 360 is served; the other applications serve nothing. 0 takes any free port. */
  readonly httpPort: number
  readonly logger?: Logger
  /** State in RocksDB here; left out, in memory. */
  readonly stateDir?: string
  readonly settings?: Partial<KafkaStreamsSettings>
}

/** One worker of each application. */
export interface Applications {
  readonly customer360: KafkaStreams
  readonly all: readonly KafkaStreams[]
  close(): Promise<void>
}

/** Starts a worker of each application, and resolves when all of them run. */
export async function startApplications(options: ApplicationsOptions): Promise<Applications> {
  const { broker, schemaRegistry, processingGuarantee, httpPort, logger, stateDir } = options
  const all = Object.entries(topologies).map(
    ([applicationId, topology]) =>
      new KafkaStreams({
        applicationId,
        topology,
        broker,
        schemaRegistry,
        processingGuarantee,
        ...(logger && { logger }),
        ...(stateDir !== undefined && { stateDir }),
        ...(applicationId === 'customer-360' && { http: { port: httpPort } }),
        ...options.settings,
      }),
  )
  const close = async (): Promise<void> => {
    await Promise.all(all.map((each) => each.close()))
  }
  try {
    await Promise.all(all.map((each) => each.start()))
  } catch (error) {
    await close()
    throw error
  }
  return { customer360: all[0]!, all, close }
}
