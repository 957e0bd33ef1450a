import type { PackedBytes } from '../core/byte-text.ts'
import type { AsyncCloseable } from '../core/disposable.ts'
import type { Headers } from '../core/headers.ts'
import type { TopicPartition } from '../core/topic-partition.ts'

/**
 * What the runtime needs of a Kafka: topics, fetching, producing, groups and transactions.
 *
 * Every failure is a `BrokerError` or one of its subclasses, with Kafka's error code in `brokerCode` where there is
 * one. Adapters retry what is retriable within their own bounds first (stale metadata, a moved leader or coordinator,
 * a closed connection); what reaches the caller is for the caller to decide.
 */
export interface Broker extends AsyncCloseable {
  /** What messages and metrics call it, such as `embedded` or `kafkajs localhost:9092`. */
  readonly name: string
  /** Whether transactional producers and fenced offset commits work here; `exactly_once` needs it. */
  readonly supportsTransactions: boolean
  /** Milliseconds, summed up since it was opened, for which quotas of the broker have held this client's requests back. */
  readonly throttledMs: number

  /** Checks that the broker answers. Throws `BrokerUnavailableError` naming the addresses tried. */
  connect(options?: WaitOptions): Promise<void>

  /** Partition counts of the topics that exist; a topic that does not is absent from the map. */
  describeTopics(names: readonly string[]): Promise<Map<string, TopicDescription>>
  /** Names of all topics, internal ones of the broker left out. */
  listTopics(): Promise<string[]>
  /** Creates topics; one that exists already is left as it is. Resolves when each has a leader everywhere. */
  createTopics(topics: readonly NewTopic[]): Promise<void>
  deleteTopics(names: readonly string[]): Promise<void>
  /** Lets the broker drop the records before each offset, as is done for repartition topics after a commit. */
  deleteRecords(before: readonly PartitionOffset[]): Promise<void>

  /**
   * `earliest`: the first offset present. `latest`: the offset after the last record: the high watermark for
   * `read_uncommitted`, the last stable offset for `read_committed`. A timestamp: the first record at or after it,
   * or `latest` where there is none.
   */
  listOffsets(
    partitions: readonly TopicPartition[],
    at: 'earliest' | 'latest' | { readonly timestampMs: number },
    isolation: Isolation,
  ): Promise<PartitionOffset[]>

  /**
   * The offsets a group has committed; a partition without one is absent. Waits until no transaction with pending
   * offsets is open (OffsetFetch v7 require-stable), so that a new owner never reads the offset before it.
   */
  committedOffsets(
    groupId: string,
    partitions: readonly TopicPartition[],
    options?: WaitOptions,
  ): Promise<CommittedOffset[]>

  /** A reader of partitions by offset, without a group; the runtime's main and restore paths both use it. */
  openFetcher(options: FetcherOptions): Fetcher
  openProducer(options: ProducerOptions): Promise<Producer>
  /** A membership that has not joined yet. */
  openGroup(options: GroupOptions): GroupMembership
}

export interface WaitOptions {
  readonly signal?: AbortSignal
  readonly timeoutMs?: number
}

export type Isolation = 'read_committed' | 'read_uncommitted'

export interface TopicDescription {
  readonly name: string
  readonly partitions: number
}

export interface NewTopic {
  readonly name: string
  readonly partitions: number
  /** The broker's default where it is left out. */
  readonly replicationFactor?: number
  /** Topic configuration by Kafka's names, such as `cleanup.policy`. */
  readonly config?: Readonly<globalThis.Record<string, string>>
}

export interface PartitionOffset extends TopicPartition {
  readonly offset: number
}

/** An offset to commit: the next record that is to be processed, with free text that comes back on fetch. */
export interface CommittedOffset extends PartitionOffset {
  readonly metadata?: string
}

// ---- fetching ----

export interface FetcherOptions {
  readonly isolation: Isolation
  /** Bytes that may be buffered over all partitions before fetching pauses. */
  readonly maxBufferedBytes?: number
  /** Bytes asked of one partition per request. */
  readonly maxPartitionBytes?: number
  /** How long the broker may hold a request for which it has nothing. */
  readonly maxWaitMs?: number
}

export interface Fetcher extends AsyncCloseable {
  /** Bytes that have arrived, or that requests under way may bring, and that no poll has taken yet. */
  readonly bufferedBytes: number
  /** Starts, or moves, fetching of these partitions at these offsets. Buffered records of theirs are dropped. */
  assign(positions: readonly PartitionOffset[]): void
  /** Stops fetching these partitions and drops what is buffered of them. */
  unassign(partitions: readonly TopicPartition[]): void
  /** Keeps the position but delivers nothing of these partitions until {@link resume}. */
  pause(partitions: readonly TopicPartition[]): void
  resume(partitions: readonly TopicPartition[]): void
  /**
   * What has arrived, at once where something has, else after at most `timeoutMs` with an empty list. At most one
   * entry a partition. An entry may have no visible record and still move the position on (control records, aborted
   * transactions). Rejects with `OffsetOutOfRangeError`, `UnknownTopicError` or `BrokerUnavailableError`, naming
   * the partition; the other partitions are not disturbed and the next poll goes on.
   */
  poll(options: WaitOptions): Promise<FetchedPartition[]>
}

/** What one poll brought of one partition. */
export interface FetchedPartition extends TopicPartition {
  readonly records: RecordCursor
  /** Size on the wire, for bounding buffers. */
  readonly bytes: number
  /** Where the next fetch begins once these records are consumed; beyond control records and aborted ones. */
  readonly nextOffset: number
  readonly highWatermark: number
  readonly lastStableOffset: number
  readonly logStartOffset: number
}

/**
 * Walks the visible records of fetched bytes without making an object a record: after `next()` returned true, the
 * fields describe the current record, and the bytes of key and value lie in `buffer`. A null key or value has end −1.
 *
 * The buffer stays valid after the cursor has moved on, so slices of it may be kept.
 * `next()` throws `CorruptBatchError`, naming topic, partition and offset.
 */
export interface RecordCursor {
  next(): boolean
  readonly offset: number
  readonly timestampMs: number
  readonly buffer: Buffer
  readonly keyStart: number
  readonly keyEnd: number
  readonly valueStart: number
  readonly valueEnd: number
  /** Decodes the headers of the current record. */
  headers(): Headers
}

// ---- producing ----

/** How batches are compressed. */
export type Compression = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'

export interface ProducerOptions {
  /** Present: a transactional producer. Opening it fences every older producer of the same id. */
  readonly transactionalId?: string
  /** After this long the broker aborts an open transaction by itself. */
  readonly transactionTimeoutMs?: number
  /** A batch is sent when it has this many bytes, at the latest at the next flush. */
  readonly batchBytes?: number
  /** A batch that is not full is sent after this long. 0: at the next turn of the event loop. */
  readonly lingerMs?: number
  /** Bytes that may wait for acknowledgement before {@link Producer.ready} makes the caller wait. */
  readonly maxBufferedBytes?: number
  /** Of batches. @defaultValue `'none'` */
  readonly compression?: Compression
}

/**
 * One idempotent or transactional producer: acks=all, in order and without duplicates per partition.
 *
 * The first failure that retrying cannot mend is kept: every later call but `close` and `abortTransaction` throws it.
 */
export interface Producer extends AsyncCloseable {
  /** Bytes that were sent and are not acknowledged yet. */
  readonly bufferedBytes: number
  /** Whether {@link send} also takes keys and values as strings of one character a byte, which saves making Buffers. */
  readonly takesText?: boolean
  /**
   * Appends one record to its partition's batch; synchronous. Throws `ProductionError` where this record can never be
   * written (too large for a batch, an unknown partition), leaving the producer usable. The bytes are copied.
   * Strings are for those only that say so in {@link takesText}.
   */
  send(
    topic: string,
    partition: number,
    timestampMs: number,
    key: PackedBytes | null,
    value: PackedBytes | null,
    headers?: Headers,
  ): void
  /** Fetches what `send` must know of these topics beforehand (leaders, partition counts). */
  prepare(topics: readonly string[]): Promise<void>
  /** Undefined when more may be sent now, else a promise that resolves when it may. */
  ready(): Promise<void> | undefined
  /** Sends what is buffered and resolves when everything sent so far is acknowledged. */
  flush(): Promise<void>
  /** The offset of the last acknowledged record that this producer wrote there. */
  lastOffset(topic: string, partition: number): number | undefined

  /**
   * Transactional only: from here `send` belongs to a new transaction. Partitions are added as they are used. May be
   * called while the transaction before is being committed; what is sent is held back until that has ended.
   */
  beginTransaction(): void
  /**
   * Adds consumed offsets to the transaction, fenced by the member's generation (KIP-447). Where the group refuses
   * them, `renew` is asked: they are sent again with the identity that it gives; the transaction fails where it gives
   * none. With the member id `''` and generation −1 they are nobody's, and only the transactional id fences.
   */
  sendOffsets(
    member: GroupIdentity,
    offsets: readonly CommittedOffset[],
    renew?: IdentityRenewal,
  ): Promise<void>
  /**
   * Flushes, waits for offsets that are on their way, then commits. What belongs to the transaction is settled when
   * this is called, before it resolves. Rejects with `FencedError` or, with unknown outcome, `BrokerTimeoutError`.
   */
  commitTransaction(): Promise<void>
  abortTransaction(): Promise<void>
}

// ---- groups ----

export interface GroupOptions {
  readonly groupId: string
  readonly assignor: GroupAssignor
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
  /** Static membership, KIP-345. */
  readonly instanceId?: string
  /**
   * So many requests to join under this instance id may still be on their way, of a process that was killed. Each may
   * throw this member out once; it comes back then as it does after a late request of its own.
   *
   * @defaultValue 0: whoever throws it out is another process, and {@link GroupMembership.join} rejects
   */
  readonly strayJoins?: number
}

/** Who commits: broker calls made with it fail once the group has moved on. */
export interface GroupIdentity {
  readonly groupId: string
  readonly memberId: string
  readonly generationId: number
  readonly instanceId?: string
}

/**
 * Called with the identity that the group refused: gives the one that the same member has by now, after a rebalance in
 * which it took part; undefined where there is none.
 */
export type IdentityRenewal = (
  refused: GroupIdentity,
  error: unknown,
) => Promise<GroupIdentity | undefined>

/** The part of the classic group protocol that the framework brings: what members say, and who gets what. */
export interface GroupAssignor {
  /** The protocol name; all members must share it. */
  readonly name: string
  /**
   * Called at every attempt to join. `last`: the identity in the last generation in which this member took part,
   * whether or not it learned what it was given then; undefined where the group does not know the member.
   */
  subscription(last: GroupIdentity | undefined): GroupSubscription
  /** Called on the leader only. Every member must be in the result. */
  assign(members: readonly GroupMemberSubscription[]): Promise<Map<string, GroupAssignment>>
}

export interface GroupSubscription {
  readonly topics: readonly string[]
  readonly userData: Buffer
}

export interface GroupMemberSubscription extends GroupSubscription {
  readonly memberId: string
  readonly instanceId?: string
}

export interface GroupAssignment {
  readonly partitions: readonly TopicPartition[]
  readonly userData: Buffer
}

/** What a join came to. */
export interface JoinedGroup extends GroupAssignment {
  /**
   * Whether the member took part in each generation since the one that its join before came to: nobody can have been
   * given then what it says it has. False for a new member, and for one that a generation passed by.
   */
  readonly continuous: boolean
}

/**
 * A member of a group. The caller drives it: join, then heartbeat at its own interval; a heartbeat that answers
 * `rebalance` is followed by finishing up and joining again.
 */
export interface GroupMembership extends AsyncCloseable {
  /**
   * JoinGroup and SyncGroup, retried until the group is stable or the signal aborts. Until then the identity stays that
   * of before, with which offsets are taken until all members have joined.
   */
  join(options?: WaitOptions): Promise<JoinedGroup>
  /** Throws `FencedError` when this member is no longer one (session expired, replaced); join again then. */
  heartbeat(): Promise<'stable' | 'rebalance'>
  /** The identity since the last join. Throws `LifecycleError` before it. */
  identity(): GroupIdentity
  /**
   * Commits offsets outside a transaction; throws `FencedError` when the generation has passed, or while its assignment
   * is being made. `member`: who commits, where that is not the identity since the last join.
   */
  commitOffsets(offsets: readonly CommittedOffset[], member?: GroupIdentity): Promise<void>
  /** Leaves, so that the others need not wait for the session to expire. */
  leave(): Promise<void>
}
