import type { Broker, Producer, ProducerOptions } from '../../src/broker/port.ts'
import { BrokerTimeoutError } from '../../src/core/errors.ts'
import { overlay } from './overlay.ts'

/** What the answer to a commit that the broker did make, or did not, is replaced by: none in time. */
export interface Unanswered {
  /** Transactions still to be committed whose answer is lost. */
  committed: number
  /** Transactions still to be given up whose request is lost. */
  lost: number
}

/** A client whose producers do not always learn what became of a transaction. */
export function withUnansweredCommits(client: Broker, unanswered: Unanswered): Broker {
  const open = async (options: ProducerOptions): Promise<Producer> =>
    withUnanswered(await client.openProducer(options), unanswered)
  return overlay(client, { openProducer: open })
}

function withUnanswered(producer: Producer, unanswered: Unanswered): Producer {
  const commitTransaction = async (): Promise<void> => {
    if (unanswered.lost > 0) {
      unanswered.lost--
      throw new BrokerTimeoutError('EndTxn was not answered', { retriable: true })
    }
    await producer.commitTransaction()
    if (unanswered.committed > 0) {
      unanswered.committed--
      throw new BrokerTimeoutError('EndTxn was not answered', { retriable: true })
    }
  }
  return overlay(producer, { commitTransaction })
}
