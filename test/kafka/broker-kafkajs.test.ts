import { inject } from 'vitest'
import { describeBrokerContract } from '../broker/contract/broker-contract.ts'
import { openBroker } from './kafka-client.ts'

describeBrokerContract('kafkajs', () => ({ open: () => openBroker(inject('kafkaBootstrap')) }))
