import type {
  Broker,
  CommittedOffset,
  GroupAssignor,
  GroupIdentity,
  GroupMembership,
  GroupOptions,
  JoinedGroup,
  WaitOptions,
} from '../../broker/port.ts'
import type { BrokerLink } from './broker-link.ts'

/** A membership over a link on which things go wrong. */
export class FaultyMembership implements GroupMembership {
  readonly #membership: GroupMembership
  readonly #link: BrokerLink

  constructor(client: Broker, options: GroupOptions, link: BrokerLink) {
    const assignor = assignorOf(options.assignor, link)
    this.#membership = client.openGroup({ ...options, assignor })
    this.#link = link
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

/** The leader assigns in its own process, which may stand still or be dead by then. */
function assignorOf(assignor: GroupAssignor, { process }: BrokerLink): GroupAssignor {
  return {
    name: assignor.name,
    subscription: (last) => assignor.subscription(last),
    assign: (members) => process.ask(() => assignor.assign(members)),
  }
}
