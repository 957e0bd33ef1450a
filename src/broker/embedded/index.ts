export type { PackedBytes } from '../../core/byte-text.ts'
export type { EmbeddedBrokerOptions } from './broker-options.ts'
export { EmbeddedBroker } from './embedded-broker.ts'
export type { EmbeddedClient } from './embedded-client.ts'
// What a client gives out and takes, for tests and tools that use one themselves.
export type {
  Broker,
  CommittedOffset,
  FetchedPartition,
  Fetcher,
  FetcherOptions,
  GroupAssignment,
  GroupAssignor,
  GroupIdentity,
  GroupMembership,
  IdentityRenewal,
  JoinedGroup,
  GroupMemberSubscription,
  GroupOptions,
  GroupSubscription,
  Isolation,
  NewTopic,
  PartitionOffset,
  Producer,
  ProducerOptions,
  RecordCursor,
  TopicDescription,
  WaitOptions,
} from '../port.ts'
