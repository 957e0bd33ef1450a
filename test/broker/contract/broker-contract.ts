import { describe } from 'vitest'
import { ContractSuite, type ContractEnvironment } from './contract-suite.ts'
import { describeFencing } from './fencing-contract.ts'
import { describeFetching } from './fetch-contract.ts'
import { describeFetchPositions } from './fetch-position-contract.ts'
import { describeGroups } from './group-contract.ts'
import { describeGroupFailures } from './group-failure-contract.ts'
import { describeInterleavedTransactions } from './interleaving-contract.ts'
import { describeLifecycle } from './lifecycle-contract.ts'
import { describeOffsets } from './offset-contract.ts'
import { describeProducing } from './produce-contract.ts'
import { describeRebalances } from './rebalance-commit-contract.ts'
import { describeStaticMembers } from './static-member-contract.ts'
import { describeTopics } from './topic-contract.ts'
import { describeOverlappingTransactions } from './overlapping-transactions-contract.ts'
import { describeTransactionalOffsets } from './transactional-offset-contract.ts'
import { describeTransactions } from './transaction-contract.ts'

/**
 * Holds a broker to what src/broker/port.ts says of it.
 *
 * `makeEnvironment` is called once, while the tests are collected, and must give clients of one running broker that
 * creates no topics by itself and lets a group's first rebalance begin at once. Tests of transactions are defined only
 * where `supportsTransactions` is true.
 */
export function describeBrokerContract(
  name: string,
  makeEnvironment: () => ContractEnvironment,
): void {
  describe(`the broker contract on ${name}`, () => {
    const suite = new ContractSuite(makeEnvironment())
    describeLifecycle(suite)
    describeTopics(suite)
    describeOffsets(suite)
    describeProducing(suite)
    describeFetching(suite)
    describeFetchPositions(suite)
    describeGroups(suite)
    describeGroupFailures(suite)
    describeRebalances(suite)
    describeStaticMembers(suite)
    if (!suite.supportsTransactions) return
    describeTransactions(suite)
    describeInterleavedTransactions(suite)
    describeFencing(suite)
    describeOverlappingTransactions(suite)
    describeTransactionalOffsets(suite)
  })
}
