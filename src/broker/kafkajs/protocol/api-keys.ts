/** The requests of Kafka's protocol that are used here, and in which version. */
export const apis = {
  produce: { apiKey: 0, apiVersion: 8, apiName: 'Produce', flexible: false },
  fetch: { apiKey: 1, apiVersion: 11, apiName: 'Fetch', flexible: false },
  listOffsets: { apiKey: 2, apiVersion: 5, apiName: 'ListOffsets', flexible: false },
  metadata: { apiKey: 3, apiVersion: 8, apiName: 'Metadata', flexible: false },
  offsetCommit: { apiKey: 8, apiVersion: 7, apiName: 'OffsetCommit', flexible: false },
  offsetFetch: { apiKey: 9, apiVersion: 7, apiName: 'OffsetFetch', flexible: true },
  findCoordinator: { apiKey: 10, apiVersion: 2, apiName: 'FindCoordinator', flexible: false },
  joinGroup: { apiKey: 11, apiVersion: 5, apiName: 'JoinGroup', flexible: false },
  heartbeat: { apiKey: 12, apiVersion: 3, apiName: 'Heartbeat', flexible: false },
  leaveGroup: { apiKey: 13, apiVersion: 3, apiName: 'LeaveGroup', flexible: false },
  syncGroup: { apiKey: 14, apiVersion: 3, apiName: 'SyncGroup', flexible: false },
  apiVersions: { apiKey: 18, apiVersion: 3, apiName: 'ApiVersions', flexible: true },
  createTopics: { apiKey: 19, apiVersion: 4, apiName: 'CreateTopics', flexible: false },
  deleteTopics: { apiKey: 20, apiVersion: 3, apiName: 'DeleteTopics', flexible: false },
  deleteRecords: { apiKey: 21, apiVersion: 1, apiName: 'DeleteRecords', flexible: false },
  initProducerId: { apiKey: 22, apiVersion: 3, apiName: 'InitProducerId', flexible: true },
  addPartitionsToTxn: { apiKey: 24, apiVersion: 2, apiName: 'AddPartitionsToTxn', flexible: false },
  addOffsetsToTxn: { apiKey: 25, apiVersion: 2, apiName: 'AddOffsetsToTxn', flexible: false },
  endTxn: { apiKey: 26, apiVersion: 2, apiName: 'EndTxn', flexible: false },
  txnOffsetCommit: { apiKey: 28, apiVersion: 3, apiName: 'TxnOffsetCommit', flexible: true },
  describeConfigs: { apiKey: 32, apiVersion: 2, apiName: 'DescribeConfigs', flexible: false },
} as const

/** What goes in place of these where the cluster gives each transaction an epoch of its own (KIP-890, Kafka 4.0). */
export const epochApis = {
  produce: { apiKey: 0, apiVersion: 12, apiName: 'Produce', flexible: true },
  endTxn: { apiKey: 26, apiVersion: 5, apiName: 'EndTxn', flexible: true },
  txnOffsetCommit: { apiKey: 28, apiVersion: 5, apiName: 'TxnOffsetCommit', flexible: true },
} as const
