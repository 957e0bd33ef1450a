import type { BrokerConnector } from './broker/connector.ts'
import type { NewTopic, WaitOptions } from './broker/port.ts'
import { systemClock } from './core/clock.ts'
import { silentLogger } from './core/logger.ts'
import { systemRandom } from './core/random.ts'

/**
 * Creates topics; one that exists already stays as it is. For demonstrations, tests and set-up scripts: where topics
 * are somebody's to look after, they come from there.
 *
 * @throws BrokerUnavailableError; BrokerError where the broker refuses a topic
 */
export async function createTopics(
  connector: BrokerConnector,
  topics: readonly NewTopic[],
  options: WaitOptions = {},
): Promise<void> {
  await using broker = connector.open({
    clock: systemClock,
    random: systemRandom,
    logger: silentLogger,
    clientId: 'millrace-setup',
  })
  await broker.connect(options)
  await broker.createTopics(topics)
}
