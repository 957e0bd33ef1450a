import type { EmbeddedBroker } from '../../broker/embedded/embedded-broker.ts'
import type { EmbeddedClient } from '../../broker/embedded/embedded-client.ts'
import type {
  CommittedOffset,
  GroupAssignor,
  GroupIdentity,
  GroupMembership,
  GroupOptions,
  GroupSubscription,
  JoinedGroup,
  WaitOptions,
} from '../../broker/port.ts'
import { LifecycleError } from '../../core/errors.ts'
import type { BrokerLink } from './broker-link.ts'
import { never } from './simulated-process.ts'

/** A membership over a link on which things go wrong. */
export class FaultyMembership implements GroupMembership {
  readonly #membership: GroupMembership
  readonly #link: BrokerLink

  constructor(client: EmbeddedClient, options: GroupOptions, link: BrokerLink) {
    const assignor = assignorOf(options.assignor, link)
    const membership = client.openGroup({ ...options, assignor })
    this.#membership = membership
    this.#link = link
    const { instanceId } = options
    if (instanceId === undefined) return
    link.onLateJoin = () => {
      if (!membership.isNew) return undefined
      const said = options.assignor.subscription(undefined)
      const join = (broker: EmbeddedBroker): void =>
        joinUnheard(broker, { ...options, assignor: deaf(assignor, said) })
      return { instanceId, join }
    }
  }

  join(options?: WaitOptions): Promise<JoinedGroup> {
    return this.#link.call('joinGroup', () => this.#membership.join(options))
  }

  heartbeat(): Promise<'stable' | 'rebalance'> {
    return this.#link.call('heartbeat', () => this.#membership.heartbeat())
  }

  identity(): GroupIdentity {
    return this.#membership.identity()
  }

  commitOffsets(offsets: readonly CommittedOffset[], member?: GroupIdentity): Promise<void> {
    this.#link.note('sends offsets', offsets)
    const run = (): Promise<void> => this.#membership.commitOffsets(offsets, member)
    return this.#link.call('offsetCommit', run)
  }

  leave(): Promise<void> {
    return this.#link.call('leaveGroup', () => this.#membership.leave())
  }

  close(): Promise<void> {
    return this.#link.call('close', () => this.#membership.close())
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

/** A member that nobody knows of: its request to join comes to the group after its sender has given it up. */
function joinUnheard(broker: EmbeddedBroker, options: GroupOptions): void {
  const membership = broker.open({ clientId: 'unheard' }).openGroup(options)
  membership.join().catch(() => undefined)
}

/** Of one that says something once and hears nothing: where it is to assign, or to join again, it does not. */
function deaf({ name }: GroupAssignor, said: GroupSubscription): GroupAssignor {
  let left: GroupSubscription | undefined = said
  const subscription = (): GroupSubscription => {
    if (left === undefined) throw new LifecycleError('There was one request to join')
    const saying = left
    left = undefined
    return saying
  }
  return { name, subscription, assign: () => never() }
}

/** The leader assigns in its own process, which may stand still or be dead by then. */
function assignorOf(assignor: GroupAssignor, { process }: BrokerLink): GroupAssignor {
  return {
    name: assignor.name,
    subscription: (last) => assignor.subscription(last),
    assign: (members) => process.ask(() => assignor.assign(members)),
  }
}
