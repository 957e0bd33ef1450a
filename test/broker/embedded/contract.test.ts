import { EmbeddedBroker } from '../../../src/broker/embedded/index.ts'
import { describeBrokerContract } from '../contract/broker-contract.ts'

describeBrokerContract('the embedded broker', () => {
  const broker = new EmbeddedBroker()
  return { open: () => broker.open() }
})
