import { onTestFinished } from 'vitest'
import {
  EmbeddedBroker,
  type EmbeddedBrokerOptions,
  type EmbeddedClient,
} from '../../../src/broker/embedded/index.ts'
import type { GroupMembership, GroupOptions, Producer } from '../../../src/broker/port.ts'
import { VirtualClock } from '../../../src/testing/virtual-clock.ts'
import { onlyMember } from '../contract/group-driving.ts'

/** A broker whose time moves only when a test moves it. */
export interface VirtualBroker {
  readonly clock: VirtualClock
  readonly broker: EmbeddedBroker
  /** A client with one topic. */
  readonly client: EmbeddedClient
  readonly topic: string
}

/** Makes a broker with one topic; it is closed after the test. */
export async function virtualBroker(
  options: EmbeddedBrokerOptions & {
    readonly partitions?: number
    readonly config?: Readonly<Record<string, string>>
  } = {},
): Promise<VirtualBroker> {
  const { partitions = 1, config = {}, ...rest } = options
  const clock = new VirtualClock(1_000_000)
  const broker = new EmbeddedBroker({ clock, ...rest })
  onTestFinished(() => broker.close())
  const client = broker.open({ clientId: 'first' })
  await client.createTopics([{ name: 'topic', partitions, config }])
  return { clock, broker, client, topic: 'topic' }
}

/** Sends texts as keys and values: `k=v`, or `k` alone for a tombstone. */
export function sendPairs(
  producer: Producer,
  topic: string,
  pairs: readonly string[],
  timestampMs = 0,
): void {
  for (const pair of pairs) {
    const [key, value] = pair.split('=')
    const bytes = value === undefined ? null : Buffer.from(value)
    producer.send(topic, 0, timestampMs, Buffer.from(key!), bytes)
  }
}

/** A member of group `group` that sends only what the test has it send. */
export function memberOf(
  client: EmbeddedClient,
  options: Partial<GroupOptions> = {},
): GroupMembership {
  return client.openGroup(
    onlyMember('group', { sessionTimeoutMs: 10_000, rebalanceTimeoutMs: 60_000, ...options }),
  )
}

/** Tells whether a promise has been settled, and how. */
export function watch(promise: Promise<unknown>): { state: 'pending' | 'resolved' | Error } {
  const watched: { state: 'pending' | 'resolved' | Error } = { state: 'pending' }
  promise.then(
    () => {
      watched.state = 'resolved'
    },
    (error: Error) => {
      watched.state = error
    },
  )
  return watched
}
